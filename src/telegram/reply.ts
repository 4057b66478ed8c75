/**
 * What the bot says, as pieces of text with a style, and how it fits into Telegram: HTML with everything escaped,
 * and a document where a message would be longer than Telegram takes. Pure.
 */

export type Style = 'plain' | 'bold' | 'code' | 'pre' | 'diff';

export interface Piece {
  readonly style: Style;
  readonly text: string;
}

export type Reply = readonly Piece[];

export interface Message {
  readonly kind: 'message';
  readonly html: string;
  readonly plain: string;
}

/** What was too long, with its first lines beside it. */
export interface Attachment {
  readonly kind: 'document';
  readonly name: string;
  readonly content: string;
  readonly caption: Message;
}

export const maxMessageChars = 4096;
/** Captions take 1,024; the rest is room for the remark. */
const maxCaptionChars = 900;

export function plain(text: string): Reply {
  return [{ style: 'plain', text }];
}

export function piece(style: Style, text: string): Piece {
  return { style, text };
}

/** A reply as Telegram takes it: one message, or a document. */
export function intoMessage(reply: Reply): Message | Attachment {
  const message = render(reply);
  if (message.plain.length <= maxMessageChars && message.plain.trim() !== '') return message;
  if (message.plain.trim() === '') return render(plain('(nothing to show)'));
  const isDiff = reply.some(({ style }) => style === 'diff');
  const name = isDiff ? 'answer.diff' : 'answer.txt';
  return { kind: 'document', name, content: message.plain, caption: caption(message.plain) };
}

function caption(text: string): Message {
  const lines = text.split('\n').slice(0, 8).join('\n');
  const shown = cut(lines, maxCaptionChars);
  return render(
    plain(`${shown}${shown.length < text.length ? '\n… all of it is in the document' : ''}`),
  );
}

function render(reply: Reply): Message {
  const clean = reply.map(({ style, text }) => ({ style, text: cleanText(text) }));
  return {
    kind: 'message',
    html: clean.map(toHtml).join(''),
    plain: clean.map(({ text }) => text).join(''),
  };
}

function toHtml({ style, text }: Piece): string {
  const escaped = escapeHtml(text);
  // Telegram refuses tags around nothing.
  if (style === 'plain' || text.trim() === '') return escaped;
  if (style === 'bold') return `<b>${escaped}</b>`;
  if (style === 'code') return `<code>${escaped}</code>`;
  if (style === 'pre') return `<pre>${escaped}</pre>`;
  return `<pre><code class="language-diff">${escaped}</code></pre>`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

// What moves text about or hides it: a file's name or content must not look like something else.
const unprintable =
  /(?![\n\t])\p{Cc}|[\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}]/gu;
const halves = /\p{Surrogate}/gu;

function cleanText(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(unprintable, '\u{fffd}').replace(halves, '\u{fffd}');
}

/** At most so many UTF-16 units, never half a character. */
export function cut(text: string, chars: number): string {
  return text.length <= chars
    ? text
    : `${text.slice(0, chars - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
