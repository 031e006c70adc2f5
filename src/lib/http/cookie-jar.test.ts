import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CookieJar } from './cookie-jar.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const url = (text: string): URL => new URL(text);

describe('cookie jar', () => {
  it('sends a cookie back where it belongs', () => {
    const jar = new CookieJar();
    jar.store(
      ['a=1; Path=/', 'b=2; Path=/x', 'c=3; Secure', 'd=4; Domain=example.com; Path=/'],
      url('https://w.example.com/x/y'),
      NOW,
    );
    expect(jar.header(url('https://w.example.com/x/z'), NOW)).toBe('b=2; c=3; a=1; d=4');
    expect(jar.header(url('http://w.example.com/xy'), NOW)).toBe('a=1; d=4');
    expect(jar.header(url('https://example.com/'), NOW)).toBe('d=4');
    expect(jar.header(url('https://badexample.com/'), NOW)).toBeUndefined();
  });

  it('lets cookies expire, be replaced and be removed', () => {
    const jar = new CookieJar();
    const at = url('http://h/');
    jar.store(['a=1; Max-Age=10', 'b=1; Expires=Fri, 20 Nov 2026 10:00:05 GMT', 'c=1'], at, NOW);
    expect(jar.header(at, NOW)).toBe('a=1; b=1; c=1');
    expect(jar.header(at, NOW + 6_000)).toBe('a=1; c=1');
    jar.store('c=2', at, NOW);
    expect(jar.header(at, NOW + 20_000)).toBe('c=2');
    jar.store('c=; Max-Age=0', at, NOW);
    expect(jar.size).toBe(0);
  });

  it('takes no cookie for other hosts, whole domains, or beyond its bounds', () => {
    const jar = new CookieJar();
    jar.store(
      ['a=1; Domain=com', 'b=1; Domain=other.com', 'nothing', '=x', `c=${'x'.repeat(5000)}`],
      url('http://h.com/'),
      NOW,
    );
    expect(jar.size).toBe(0);
    jar.store(
      Array.from({ length: 1000 }, (_, index) => `n${index}=1`),
      url('http://h.com/'),
      NOW,
    );
    expect(jar.size).toBe(300);
  });

  it('never throws, and never makes a header of more than one line', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (headers) => {
        const jar = new CookieJar();
        jar.store(headers, url('http://a.b/c'), NOW);
        expect(jar.header(url('http://a.b/c'), NOW) ?? '').not.toMatch(/[\r\n\0]/);
      }),
    );
  });
});
