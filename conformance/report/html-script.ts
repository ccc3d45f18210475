/** The filter of the HTML report. Without scripts the filter is not shown, and everything else is. */

export const SCRIPT = `
const form = document.querySelector(".filter");
const selects = [...form.querySelectorAll("select")];
const count = form.querySelector("output");
const requirements = [...document.querySelectorAll(".requirement")];
function filter() {
  let shown = 0;
  for (const requirement of requirements) {
    const matches = selects.every((s) => s.value === "" || requirement.dataset[s.name] === s.value);
    requirement.hidden = !matches;
    if (matches) shown += 1;
  }
  for (const section of document.querySelectorAll(".section")) {
    section.hidden = section.querySelector(".requirement:not([hidden])") === null;
  }
  count.textContent = shown + " of " + requirements.length;
}
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target === null || !target.classList.contains("requirement")) return;
  if (target.hidden) { form.reset(); filter(); target.scrollIntoView(); }
  for (const details of target.querySelectorAll("details.tests-of")) details.open = true;
}
form.hidden = false;
form.addEventListener("input", filter);
addEventListener("hashchange", openTarget);
filter();
openTarget();
`;
