/**
 * Tells the style sheet how much of the page is seen while a keyboard covers the rest. Where the browser makes
 * the page smaller instead (`interactive-widget` in watch.html), both are the same.
 */
export function followVisibleHeight(): () => void {
  const viewport = window.visualViewport;
  if (viewport === null) return () => undefined;
  const root = document.documentElement;
  const measure = (): void => {
    // A pinch makes the seen part smaller, too; that is no keyboard.
    if (viewport.scale > 1.01 || viewport.height >= window.innerHeight - 1)
      root.style.removeProperty('--visible-height');
    else root.style.setProperty('--visible-height', `${Math.round(viewport.height)}px`);
  };
  viewport.addEventListener('resize', measure);
  return () => {
    viewport.removeEventListener('resize', measure);
    root.style.removeProperty('--visible-height');
  };
}
