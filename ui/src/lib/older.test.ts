// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import { ApiProblem } from './api';
import { briefSessions, Newer } from './older';

const refusal = (code: string, message = '') => Promise.reject(new ApiProblem(400, code, message));

describe('what an older agent does not know', () => {
  it('is asked once', async () => {
    const newer = new Newer();
    let asked = 0;
    const ask = () => newer.ask(() => (++asked, refusal('wrong_parameter', 'windows: there is no such parameter')), () => Promise.resolve('old'));
    expect([await ask(), await ask(), asked]).toEqual(['old', 'old', 1]);
  });
  it('is asked again after what is no sign of age', async () => {
    const newer = new Newer();
    const older = () => Promise.resolve('old');
    await expect(newer.ask(() => Promise.reject(new TypeError('network')), older)).rejects.toThrow('network');
    await expect(newer.ask(() => refusal('unauthorized', 'a token is needed'), older)).rejects.toThrow('token');
    await expect(newer.ask(() => refusal('wrong_parameter', 'kind "x": it is one of a, b'), older)).rejects.toThrow('one of');
    expect(await newer.ask(() => Promise.resolve('new'), older)).toBe('new');
  });
  it('is the brief list of sessions, or the whole one', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', (address: string) => {
      asked.push(address);
      if (address.endsWith('/overview')) return Promise.resolve(new Response(JSON.stringify({ error: { code: 'unknown_address', message: 'there is no such route' } }), { status: 404 }));
      return Promise.resolve(new Response(JSON.stringify({ sessions: [{ name: 'a' }] })));
    });
    expect((await briefSessions()).map(({ name }) => name)).toEqual(['a']);
    await briefSessions();
    expect(asked).toEqual(['./api/v1/overview', './api/v1/sessions', './api/v1/sessions']);
    vi.unstubAllGlobals();
  });
});
