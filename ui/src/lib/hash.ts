// SPDX-License-Identifier: Apache-2.0
// The address of a view: `#/session/NAME?from=..&to=..`. It holds all that a view shows, so that a link restores it.
export interface Route {
  path: string[]; // decoded segments: [] is the overview
  query: URLSearchParams;
}

export function parseHash(hash: string): Route {
  const text = hash.replace(/^#\/?/, '');
  const mark = text.indexOf('?');
  const path = (mark < 0 ? text : text.slice(0, mark)).split('/').filter(Boolean).map(decode);
  return { path, query: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)) };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a lone %: a name as it stands is better than a page that fails
  }
}

export function href(path: string[], query: Record<string, string | number | boolean | undefined> = {}): string {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') parts.set(key, String(value));
  const text = parts.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}
