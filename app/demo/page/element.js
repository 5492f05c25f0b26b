// Makes an element with properties and children; text goes through textContent, never as markup.
export function element(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}
