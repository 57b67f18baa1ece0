// Wide tables scroll, by keyboard too: the theme wraps them when the page is there.
const wrapped = ".md-typeset__scrollwrap:not([tabindex])";
new MutationObserver(() => {
  for (const table of document.querySelectorAll(wrapped)) table.tabIndex = 0;
}).observe(document.documentElement, { childList: true, subtree: true });
