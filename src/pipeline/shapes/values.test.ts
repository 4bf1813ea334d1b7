import { describe, expect, it } from 'vitest';
import { hostOf, isAddress } from './host.ts';
import { at, list, number, plain, text, time, truth } from './values.ts';

describe('values that may be anything', () => {
  it.each([
    ['2026-11-19T22:14:05Z', '2026-11-19T22:14:05.000Z'],
    ['2021-02-15T09:05:49.980+0000', '2021-02-15T09:05:49.980Z'],
    ['2021-02-15T09:05:49.980123+02:00', '2021-02-15T07:05:49.980Z'],
    ['2026-11-19 22:14:05', '2026-11-19T22:14:05.000Z'],
    ['2026-11-19', '2026-11-19T00:00:00.000Z'],
    [1_772_366_400_000, '2026-03-01T12:00:00.000Z'],
    ['1772366400000', '2026-03-01T12:00:00.000Z'],
    ['N/A', undefined],
    ['5', undefined],
    [0, undefined],
    ['2026-13-45', undefined],
    ['9999999999999999', undefined],
    [null, undefined],
  ])('time %j → %s', (value, moment) => {
    const found = time(value);
    expect(found === undefined ? undefined : new Date(found).toISOString()).toBe(moment);
  });

  it.each([
    ['7.5', 7.5],
    [' 7 ', 7],
    ['1e3', undefined],
    ['0x10', undefined],
    ['', undefined],
    [{ '#text': '9', '@x': '1' }, 9],
    [[1], undefined],
  ])('number %j → %j', (value, found) => {
    expect(number(value)).toBe(found);
  });

  it('walks what is there and nothing else', () => {
    expect(at({ a: [{ b: '1' }, { b: '2' }] }, 'a', 'b')).toBe('1');
    expect(at({}, 'constructor')).toBeUndefined();
    expect(at('x', 'length')).toBeUndefined();
    expect(list({ a: 'x' }, 'a')).toEqual(['x']);
    expect(list({ a: '' }, 'a')).toEqual([]);
    expect(text({ '#text': ['x'] })).toBeUndefined();
    expect([truth('1'), truth('false'), truth('maybe')]).toEqual([true, false, undefined]);
  });

  it('HTML without its tags', () => {
    expect(plain('Fix <B>it</B>.<P>a &lt;b&gt; &amp;lt;<br>1 < 2')).toBe('Fix it.\na <b> &lt;\n1 < 2');
    expect(plain('<P> </P>')).toBeUndefined();
    // A hundred thousand beginnings of tags are looked at once each.
    expect(plain('<a'.repeat(100_000))).toHaveLength(200_000);
  });

  it.each([
    ['10.0.0.7', true],
    ['255.255.255.255', true],
    ['256.0.0.1', false],
    ['10.0.0', false],
    ['10.0.0.7.', false],
    ['fe80::1', true],
    ['::ffff:10.0.0.7', true],
    ['1:2:3', false],
    ['10.0.0.1-10.0.0.9', false],
  ])('address %s: %j', (value, is) => {
    expect(isAddress(value)).toBe(is);
  });

  it('several addresses in one text', () => {
    expect(hostOf('assets', { address: '10.0.0.7, fe80::1' })?.ips).toEqual(['10.0.0.7', 'fe80::1']);
  });
});
