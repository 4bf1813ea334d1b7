import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { skipUnless } from '../../test/support/skip.ts';
import type { Fields } from '../core/words.ts';
import { answerError, saidIn } from './answer-errors.ts';
import { asXml } from './error-body.ts';
import { simpleReturn } from './fake-server.ts';

const samples = fileURLToPath(new URL('../../../shared/samples/', import.meta.url));

function means(status: number, body: string, headers: Record<string, string> = {}) {
  const end = asXml(Buffer.from(body));
  return answerError({
    status,
    headers,
    where: 'asset/host',
    ...(end === undefined ? { text: body } : { root: end.root, envelope: end.envelope }),
  });
}

describe('the body decides before the status', () => {
  it.each([
    ['999', 500, 'QRY2003', 'retry'],
    ['1901', 400, 'QRY2030', 'stop_stream'],
    ['1903', 400, 'QRY2030', 'stop_stream'],
    ['1904', 400, 'QRY2030', 'stop_stream'],
    ['1905', 400, 'QRY2030', 'stop_stream'],
    ['1907', 400, 'QRY2030', 'stop_stream'],
    ['1908', 400, 'QRY2030', 'stop_stream'],
    ['1920', 409, 'QRY2021', 'retry'],
    ['1922', 400, 'QRY2030', 'stop_stream'],
    ['1959', 409, 'QRY2022', 'retry'],
    ['1960', 409, 'QRY2021', 'retry'],
    ['1965', 409, 'QRY2020', 'retry'],
    ['1965', 400, 'QRY2020', 'retry'], // appendix D prints "400 Conflict"
    ['1966', 409, 'QRY2022', 'retry'],
    ['1981', 202, 'QRY2035', 'retry'],
    ['1999', 503, 'QRY2003', 'retry'],
    ['2000', 401, 'QRY2010', 'stop_connection'],
    ['2001', 200, 'QRY2011', 'stop_connection'],
    ['2002', 401, 'QRY2011', 'stop_connection'],
    ['2003', 409, 'QRY2011', 'stop_connection'],
    ['2011', 409, 'QRY2011', 'stop_connection'],
    ['2012', 403, 'QRY2012', 'stop_stream'],
    ['7001', 200, 'QRY2036', 'retry'],
    ['1999', 200, 'QRY2003', 'retry'],
    ['1933', 400, 'QRY2030', 'stop_stream'],
    ['4711', 400, 'QRY2030', 'stop_stream'],
    ['4711', 500, 'QRY2003', 'retry'],
    ['4711', 200, 'QRY2034', 'retry'],
  ])('SIMPLE_RETURN %s with %i is %s', (code, status, expected, next) => {
    const error = means(status, simpleReturn(code, 'in their words, &quot;unchanged&quot;'));
    expect(error).toMatchObject({
      code: expected,
      next,
      where: 'asset/host',
      qualys: { status, code, text: 'in their words, "unchanged"' },
    });
  });

  it('[fault 42] a SIMPLE_RETURN without a code where data was due is not data', () => {
    expect(means(200, simpleReturn('', 'Logged in'))).toMatchObject({ code: 'QRY2034', qualys: { text: 'Logged in' } });
  });

  it('GENERIC_RETURN, plain and nested', () => {
    const plain =
      '<GENERIC_RETURN><API name="user_list.php" username="u" at="2026-11-20T10:00:00Z"/><RETURN status="FAILED" number="999">Internal error</RETURN></GENERIC_RETURN>';
    expect(means(200, plain)).toMatchObject({ code: 'QRY2003', qualys: { code: '999', text: 'Internal error' } });
    const nested =
      '<GENERIC_RETURN><API name="x"><RETURN status="FAILED" number="2000"><MESSAGE>Bad Login</MESSAGE></RETURN></API></GENERIC_RETURN>';
    expect(means(200, nested)).toMatchObject({ code: 'QRY2010', qualys: { code: '2000', text: 'Bad Login' } });
    const refused =
      '<GENERIC_RETURN><API name="x"/><RETURN status="FAILED" number="999">User is not authorized</RETURN></GENERIC_RETURN>';
    expect(means(200, refused)).toMatchObject({ code: 'QRY2012' });
  });

  it('ERROR inside a list root, and as the root', () => {
    const inside =
      '<USER_LIST_OUTPUT><ERROR number="2012">User license is not authorized to run this API.</ERROR></USER_LIST_OUTPUT>';
    expect(means(200, inside)).toMatchObject({ code: 'QRY2012', qualys: { code: '2012' } });
    expect(means(200, '<ERROR number="999">Internal error</ERROR>').code).toBe('QRY2003');
  });

  it('a good document holds no error', () => {
    expect(
      saidIn('HOST_LIST_OUTPUT', { RESPONSE: { DATETIME: '2026-11-20T10:00:00Z' } } satisfies Fields),
    ).toBeUndefined();
  });
});

describe('what is not XML', () => {
  it.each([
    [200, '', 'QRY2034'],
    [200, '<!DOCTYPE html><html><body>Please log in</body></html>', 'QRY2034'],
    [200, '<html><h1>We are performing scheduled maintenance on our System.</h1></html>', 'QRY2003'],
    [200, '{"error":1}', 'QRY2034'],
    [202, '', 'QRY2035'],
    [400, '<html>Bad Request</html>', 'QRY2030'],
    [401, '<html>Unauthorized</html>', 'QRY2010'],
    [403, '<html>Access Denied by firewall</html>', 'QRY2034'],
    [403, '', 'QRY2012'],
    [404, '<html>Not Found</html>', 'QRY2031'],
    [407, '', 'QRY2050'],
    [409, '', 'QRY2022'],
    [413, '', 'QRY2030'],
    [429, '', 'QRY2020'],
    [500, '', 'QRY2003'],
    [502, '<html>Bad Gateway</html>', 'QRY2003'],
    [504, '<html>Gateway Time-out</html>', 'QRY2003'],
  ])('[fault 41] %i %s is %s', (status, body, code) => {
    expect(means(status, body).code).toBe(code);
  });

  it.each([
    ['S45', 400, 'options of the data set'],
    ['S46', 401, 'Check user, password and platform'],
    ['S47, M19', 403, 'the permission the data set names'],
    ['S48, M20', 404, 'Check the platform or api_url'],
    ['M17', 409, 'limits and permissions of the account'],
    ['S49, M21', 429, 'Quarry waits until calls are free again'],
    ['S55', 418, 'options of the data set'],
    ['S55', 502, 'if it passes'],
  ])('[%s] %i leads to what can be done', (_, status, advice) => {
    expect(means(status, '').fix).toContain(advice);
  });

  it('shows the words of a page, short and without markup', () => {
    const page = `<html><head><title>t</title><script>alert(1)</script></head><body><h1>Sorry</h1>${'x '.repeat(5000)}</body></html>`;
    const { message } = means(502, page);
    expect(message).toMatch(/^HTTP 502: Sorry x x/);
    expect(message.length).toBeLessThan(400);
  });
});

describe('how long to wait', () => {
  const seconds = (value: string) =>
    simpleReturn(
      '1965',
      'later',
      `<ITEM_LIST><ITEM><KEY>OTHER</KEY><VALUE>1</VALUE></ITEM><ITEM><KEY>SECONDS_TO_WAIT</KEY><VALUE>${value}</VALUE></ITEM></ITEM_LIST>`,
    );
  it.each([
    ['the header first', { 'x-ratelimit-towait-sec': '181', 'x-ratelimit-window-sec': '360' }, '68928', 181_000],
    ['the body without a header', {}, '68928', 68_928_000],
    ['the body where the header is blank', { 'x-ratelimit-towait-sec': '' }, '60', 60_000],
    [
      'clamped to the window',
      { 'x-ratelimit-towait-sec': '1000000000', 'x-ratelimit-window-sec': '3600' },
      '1',
      3_600_000,
    ],
    ['clamped to a day', {}, '1000000000', 86_400_000],
    ['a negative header is none', { 'x-ratelimit-towait-sec': '-5' }, '30', 30_000],
    ['nothing named', {}, 'soon', undefined],
  ])('[fault 37] [fault 38] %s', (_, headers, value, expected) => {
    expect(means(409, seconds(value), headers as Record<string, string>).waitMs).toBe(expected);
  });
});

describe('recorded answers', skipUnless(existsSync(samples), 'recorded answers of Qualys are not here'), () => {
  it.each([
    ['classic/error-1905-host-detection-bad-ids-400.xml', 400, 'QRY2030'],
    ['classic/error-1905-kb-bad-ids-400.xml', 400, 'QRY2030'],
    ['classic/error-1905-ip-does-not-exist.xml', 400, 'QRY2030'],
    ['classic/error-200-2001-account-expired.xml', 200, 'QRY2011'],
    ['classic/error-409-1960-concurrency.xml', 409, 'QRY2021'],
    ['classic/error-409-1965-rate.xml', 409, 'QRY2020'],
    ['classic/error-409-2003-registration.xml', 409, 'QRY2011'],
    ['classic/error-409-2011-secureid.xml', 409, 'QRY2011'],
    ['classic/error-portal-version-inaccessible.xml', 200, 'QRY2010'],
    ['classic/guide-scan-launch-simple-return.xml', 200, 'QRY2034'],
  ])('%s is %s', (file, status, code) => {
    expect(means(status, readFileSync(samples + file, 'utf8')).code).toBe(code);
  });
});
