type Child = Node | string | undefined | false;

/** An element with these attributes, properties (`on…`) and children. Text is always text. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | boolean | ((event: never) => void)>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value as (event: Event) => void);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  for (const child of children) if (child !== undefined && child !== false) made.append(child);
  return made;
}

let numbers = 0;

/** An input with its label above it. */
export function field(label: string, input: HTMLInputElement | HTMLTextAreaElement, hint?: string): HTMLElement {
  input.id ||= `espprov-${++numbers}`;
  const described = hint === undefined ? undefined : el("small", { id: `${input.id}-hint`, class: "muted" }, hint);
  if (described) input.setAttribute("aria-describedby", described.id);
  return el("div", {}, el("label", { for: input.id }, label), input, described);
}

/** A box to tick. */
export function choice(label: string, input: HTMLInputElement): HTMLElement {
  input.type = "checkbox";
  return el("label", { class: "choice" }, input, label);
}
