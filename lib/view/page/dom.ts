/** Makes elements. Text is always set as text, so a tensor's name can never become markup. */

type Attributes = Readonly<Record<string, string | number | boolean | (() => void) | null | undefined>>;

function fill(
  element: Element,
  attributes: Attributes,
  children: readonly (Node | string | null | undefined)[],
): void {
  for (const [name, content] of Object.entries(attributes)) {
    if (content === null || content === undefined || content === false) continue;
    if (typeof content === 'function') element.addEventListener(name, content);
    else element.setAttribute(name, content === true ? '' : String(content));
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
}

/** Makes an HTML element. A function as an attribute's value becomes a listener for the event of that name. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string | null | undefined)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

/** Makes an SVG element. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string | null | undefined)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, attributes, children);
  return element;
}
