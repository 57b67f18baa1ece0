"""Explore a machine: search, look again with what made a difference, and judge what was found.

Pure but for the handlers that are asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from step.asl.parse import every_state
from step.engine.key import Seen
from step.paths.builtin import builtin_invariants
from step.paths.errors import ErrorClasses
from step.paths.exploration import Ending, Exploration, Violation, violation_on
from step.paths.growth import growing
from step.paths.moment import Invariant, complaint, title
from step.paths.moves import Moves, Rules, TiesMatter
from step.paths.reads import draws, endless_retries, reads_time
from step.paths.search import Breach, Findings, Model, search
from step.paths.setup import Extent, Setup
from step.paths.work import Replies, ends_by_itself

_LAST_EVENT = 25_000


@dataclass(slots=True, kw_only=True)
class _Plan:
    """How the next search goes; what made a difference in the last one is added."""

    reduces: bool
    exact: bool = False
    late: bool = False
    seen: Seen
    notes: list[str]


def explore(setup: Setup, invariants: Sequence[Invariant], options: Extent) -> Exploration:
    """Find all situations that a machine can come to, and judge them.

    Raises:
        HandlerError: nothing is attached to a task.
        StepError: a world that can't be compared.
    """
    plan = _first_plan(setup, options)
    own = builtin_invariants(setup.definition, tells_swallowed=options.tells_swallowed)
    while True:
        model = _model(setup, options, plan)
        try:
            found = search(model, [*invariants, *own], options.max_situations, options.stops_at_first)
        except TiesMatter:
            plan.reduces, plan.exact = False, True
            plan.notes.append("timers of branches go off at one instant: their order is looked at")
            continue
        if not _wants_more(setup, options, plan, model, found):
            break
    return _judge(setup, options, plan, model, found)


def _first_plan(setup: Setup, options: Extent) -> _Plan:
    left_out = {name.lower() for name in options.leave_out}
    timely = [] if setup.is_unknown else reads_time(setup.definition)
    drawn = [] if setup.is_unknown else draws(setup.definition)
    plan = _Plan(
        reduces=setup.world is None,
        seen=Seen(
            time=bool(timely) and "time" not in left_out,
            draws=bool(drawn) and "random" not in left_out,
            invocations=setup.by_invocation,
            attempts="attempts" not in left_out,
        ),
        notes=[f"left out: {name}" for name in options.leave_out],
    )
    if plan.seen.time:
        plan.notes.append(f"it matters what time it is: {', '.join(timely)} read it")
    if drawn:
        plan.notes.append(f"random values: {', '.join(drawn)} draw them; one draw was followed")
    if options.faults is not None:
        plan.notes.append(f"no more than {options.faults} faults on a way")
    plan.notes += endless_retries(setup.definition)
    if setup.is_unknown:
        plan.notes.append("no handlers: values aren't known, a Choice goes every way, a Map has two items")
    return plan


def _model(setup: Setup, options: Extent, plan: _Plan) -> Model:
    work = Replies(
        setup.perform,
        setup.effects,
        sees_time=plan.seen.time,
        by_invocation=setup.by_invocation,
        leave_out=frozenset(options.leave_out),
    )
    rules = Rules(
        work=work,
        errors=ErrorClasses(setup.declared, setup.only),
        reduces=plan.reduces,
        exact=plan.exact,
        late=plan.late,
        faults=options.faults,
        blurs=not plan.seen.attempts,
        taints=options.tells_swallowed,
    )
    return Model(
        program=setup.program,
        info=setup.info,
        quotas=setup.quotas,
        world=setup.world,
        moves=Moves(rules),
        seen=plan.seen,
        leave_out=frozenset(options.leave_out),
    )


def _wants_more(setup: Setup, options: Extent, plan: _Plan, model: Model, found: Findings) -> bool:
    """See what the search has left open that another one would tell; change the plan."""
    timely = model.moves.rules.work.timely
    if timely and not plan.seen.time and "time" not in options.leave_out:
        plan.seen = plan.seen._replace(time=True)
        plan.notes.append(f"it matters what time it is: the handlers of {', '.join(sorted(timely))} read it")
        return True
    limit = setup.program.timeout_seconds
    if (
        limit is None
        or setup.is_unknown
        or plan.seen.deadline
        or not found.is_closed
        or (options.stops_at_first and found.breaches)
    ):
        return False
    if not plan.seen.attempts:
        plan.notes.append("TimeoutSeconds wasn't looked at: attempts aren't counted")
        return False
    longest = _longest_ms(found)
    if longest is not None and longest <= limit * 1000:
        plan.notes.append(
            f"TimeoutSeconds is never reached: the longest way takes at most {_time(longest)} of "
            f"{_time(limit * 1000)}"
        )
        return False
    plan.seen, plan.late = plan.seen._replace(deadline=True), True
    plan.notes.append("TimeoutSeconds can be reached: what is left of it was looked at")
    return True


def _longest_ms(found: Findings) -> int | None:
    """Say how long the longest way may take; None: there is none."""
    graph = found.graph
    if graph.cycle():
        return None
    return max(graph.longest(graph.slow_times)[0], default=0)


def _time(ms: int) -> str:
    return str(timedelta(milliseconds=ms))


# ------------------------------------------------------------------ judging


def _judge(setup: Setup, options: Extent, plan: _Plan, model: Model, found: Findings) -> Exploration:
    graph = found.graph
    longest = _longest_ms(found)
    endings = [
        Ending(status=end.status, error=end.error, state=end.state, way=tuple(way))
        for end, way in found.ends.items()
    ]
    violations = [_breach(setup, found, breach) for breach in found.breaches.values()]
    if found.is_closed:
        violations += _shapes(setup, options, found, longest)
    else:
        plan.notes.append(f"not closed: stopped at {len(graph):,} situations")
        plan.notes += growing(model, graph)
    if longest is None and found.is_closed and plan.seen.attempts:
        names = sorted({state for number in graph.cycle() for state in _states_at(model, found, number)})
        plan.notes.append(
            f"a loop without a bound goes through {', '.join(names)}: quotas can be reached in it"
        )
    return Exploration(
        setup=setup,
        model=model,
        graph=graph,
        is_closed=found.is_closed,
        endings=endings,
        violations=violations,
        unreachable=unreachable(setup, found) if found.is_closed else [],
        notes=plan.notes,
        longest=None if longest is None else longest / 1000,
    )


def unreachable(setup: Setup, found: Findings) -> list[str]:
    """Name the states that were never entered."""
    return [state.name for state in every_state(setup.definition) if state.name not in found.entered]


def _breach(setup: Setup, found: Findings, breach: Breach) -> Violation:
    way = found.graph.way_to(breach.source) if breach.source >= 0 else []
    if breach.move is not None:
        way.append(breach.move)
    return violation_on(
        setup,
        title(breach.invariant),
        breach.told,
        way,
        holds=lambda walk: complaint(breach.invariant, walk.moments[-1]) is None,
    )


def _shapes(setup: Setup, options: Extent, found: Findings, longest: int | None) -> Iterator[Violation]:
    """Judge what only the whole graph tells."""
    graph = found.graph
    stuck = min(found.stuck, default=None)
    endless = graph.without_end() if stuck is None else stuck
    if endless is not None:
        way = graph.way_to(endless)
        told = "nothing ends what it waits for" if stuck is not None else "no way on leads to an end"
        yield violation_on(setup, "Every path has an end", told, way, holds=lambda walk: not walk.is_running)
    missing = unreachable(setup, found)
    if missing and setup.is_unknown:
        told = f"nothing leads to {', '.join(missing)}"
        yield Violation(title="Every state can be reached", told=told)
    waiting = [name for name, resource in found.unbounded.items() if not ends_by_itself(resource)]
    if waiting:
        told = f"{', '.join(waiting)} may wait for ever: neither TimeoutSeconds nor HeartbeatSeconds ends it"
        yield Violation(title="Every path has an end", told=told)
    if options.ends_within is not None and (longest is None or longest > options.ends_within * 1000):
        yield _too_long(setup, options.ends_within, found, longest)
    if longest is not None:
        cost, last = graph.longest(graph.events)
        worst = max(range(len(cost)), key=cost.__getitem__, default=0)
        if cost and cost[worst] >= _LAST_EVENT:
            told = f"a way of {cost[worst]:,} events; AWS takes {_LAST_EVENT:,}"
            yield Violation(title="No quota is exceeded", told=told, way=tuple(graph.way_over(worst, last)))


def _too_long(setup: Setup, limit: float, found: Findings, longest: int | None) -> Violation:
    name = f"Every path ends within {_time(round(limit * 1000))}"
    if longest is None:
        return Violation(title=name, told="a loop has no bound")
    graph = found.graph
    cost, last = graph.longest(graph.slow_times)
    worst = max(range(len(cost)), key=cost.__getitem__)
    return violation_on(
        setup,
        name,
        f"one may take {_time(longest)}",
        graph.way_over(worst, last),
        holds=lambda walk: False,
    )


def _states_at(model: Model, found: Findings, number: int) -> list[str]:
    at = model.at(found.graph.way_to(number))
    return [op.frame.state.name for op in at.kernel.ops.values()]
