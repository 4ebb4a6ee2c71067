// Makes one tree equal to another and touches only what differs: images do not flicker, focus stays.

export function morph(now, next) {
  const wanted = [...next.childNodes];
  wanted.forEach((node, place) => {
    const there = now.childNodes[place];
    if (!there) {
      now.append(node);
    } else if (!isSameKind(there, node)) {
      there.replaceWith(node);
    } else if (there.nodeType !== Node.ELEMENT_NODE) {
      if (there.data !== node.data) there.data = node.data;
    } else {
      copyAttributes(there, node);
      morph(there, node);
    }
  });
  while (now.childNodes.length > wanted.length) now.lastChild.remove();
}

function isSameKind(a, b) {
  // Another picture is another element: the old one must not be seen under the new one's boxes.
  return a.nodeName === b.nodeName && (a.nodeName !== "IMG" || a.getAttribute("src") === b.getAttribute("src"));
}

function copyAttributes(now, next) {
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name)) now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
}
