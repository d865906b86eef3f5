/** The colour that a token of the style sheet has inside `box`, as a canvas understands it. */
export function colour(box: HTMLElement, token: string, className = ""): string {
  const probe = document.createElement("span");
  if (className) probe.className = className;
  probe.style.color = `var(${token})`;
  box.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
