"""Join each ``%`` with the step whose context it names.

Pure: no clock, no IO; knows the tree alone. Spec: JSONata documentation, "Path Operators", "% (Parent)".
"""

from __future__ import annotations

from step.asl.jsonata.syntax import JSONataSyntaxError, Node, Slot


def hand_up(holder: Node, part: Node) -> None:
    """Let a node seek what one of its parts seeks and hasn't found."""
    holder.seeks.extend(_seeks(part))


def close_path(path: Node) -> None:
    """Look for the parents that a path's last step seeks among the steps before it."""
    for slot in _seeks(path.parts[-1]):
        index = len(path.parts) - 2
        while slot.level > 0:
            if index < 0:
                path.seeks.append(slot)
                break
            step = path.parts[index]
            index -= 1
            # Steps that only bind a name share one context.
            while index >= 0 and step.focus and path.parts[index].focus:
                step = path.parts[index]
                index -= 1
            seek_parent(step, slot)


def seek_parent(node: Node, slot: Slot) -> None:
    """Take a level off the slot for a node that has a parent; at 0 the node is what it looked for."""
    match node.kind:
        case "name" | "wildcard":
            slot.level -= 1
            if slot.level == 0:
                if node.ancestor is not None:
                    slot.label = node.ancestor.label
                node.ancestor = slot
                node.is_tuple = True
        case "parent":
            slot.level += 1
        case "block":
            if node.parts:
                node.is_tuple = True
                seek_parent(node.parts[-1], slot)
        case "path":
            node.is_tuple = True
            index = len(node.parts) - 1
            seek_parent(node.parts[index], slot)
            while slot.level > 0 and index > 0:
                index -= 1
                seek_parent(node.parts[index], slot)
        case _:
            raise JSONataSyntaxError(
                "S0217",
                "The object representing the 'parent' cannot be derived from this expression",
                node.position,
            )


def refuse_open(root: Node) -> None:
    """Refuse an expression whose ``%`` names something outside of it."""
    if _seeks(root):
        raise JSONataSyntaxError(
            "S0217",
            "The object representing the 'parent' cannot be derived from this expression",
            root.position,
        )


def _seeks(node: Node) -> list[Slot]:
    return [*node.seeks, node.slot] if node.slot is not None else node.seeks
