/** What a person sees of Telegram's HTML; undefined for what Telegram refuses. */

const tags = new Set(['b', 'code', 'pre', 'i']);
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"' };

export function visibleText(html: string): string | undefined {
  const open: string[] = [];
  let text = '';
  const token = /<(\/?)([a-z]+)(?: class="language-[\w-]+")?>|&(\w+);|([^<>&]+)|([\s\S])/g;
  for (const [, close, tag, entity, plain, wrong] of html.matchAll(token)) {
    if (wrong !== undefined) return undefined;
    if (plain !== undefined) text += plain;
    else if (entity !== undefined) {
      const char = entities[entity];
      if (char === undefined) return undefined;
      text += char;
    } else if (tag !== undefined) {
      if (!tags.has(tag)) return undefined;
      if (close === '') open.push(tag);
      else if (open.pop() !== tag) return undefined;
    }
  }
  return open.length === 0 ? text : undefined;
}
