/** Every page has one element to draw in. */
export function mountPoint(): HTMLElement {
  const element = document.querySelector<HTMLElement>('#page');
  if (element === null) throw new Error('the page has no element #page');
  return element;
}
