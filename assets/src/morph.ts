// What puts a piece into a page that is open. It is a file of its own, which a live page fetches when the first piece
// comes that differs from what it shows.
import htmx from "htmx.org";

type Morph = (old: Element, fragment: DocumentFragment, inner: boolean) => void;
let within: Morph;

htmx.registerExtension("hexhub", {
  init: (api: { morph: Morph }) => { within = api.morph; },
  // What the visitor has folded out stays so.
  htmx_before_morph_attr: (element: Element, { attrName }: { attrName: string }) => !(attrName === "open" && element.matches("details, dialog")),
});

// morph makes what is in a place like the nodes given, and spares focus, caret, scrolling and what is folded out.
export const morph = (place: Element, nodes: DocumentFragment) => within(place, nodes, true);
