/** What a file that is no text is shown as: images and audio by their first bytes and names, all else as a blob. */
import type { ContentBlock } from '@modelcontextprotocol/server';
import type { Path } from '../tree/path.ts';
import { fileUri } from './uris.ts';

const types: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  bmp: 'image/bmp',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  pdf: 'application/pdf',
  zip: 'application/zip',
  gz: 'application/gzip',
  wasm: 'application/wasm',
};

export type MediaKind = 'image' | 'audio' | 'binary';

export function mimeType(path: Path, isText: boolean): string {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  if (isText) return extension === 'svg' ? 'image/svg+xml' : 'text/plain';
  return types[extension] ?? 'application/octet-stream';
}

export function mediaBlock(path: Path, bytes: Buffer): { kind: MediaKind; block: ContentBlock } {
  const mime = mimeType(path, false);
  const data = bytes.toString('base64');
  if (mime.startsWith('image/'))
    return { kind: 'image', block: { type: 'image', data, mimeType: mime } };
  if (mime.startsWith('audio/'))
    return { kind: 'audio', block: { type: 'audio', data, mimeType: mime } };
  const resource = { uri: fileUri(path), mimeType: mime, blob: data };
  return { kind: 'binary', block: { type: 'resource', resource } };
}
