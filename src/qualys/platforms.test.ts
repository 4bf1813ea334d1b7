import { describe, expect, it } from 'vitest';
import { QuarryError } from '../core/errors.ts';
import { type AddressOptions, PLATFORMS, platformByLogin, resolveAddress } from './platforms.ts';

function refused(options: AddressOptions): QuarryError {
  try {
    resolveAddress(options);
  } catch (thrown) {
    if (thrown instanceof QuarryError) return thrown;
  }
  throw new Error('was accepted');
}

describe('where a connection goes', () => {
  it('takes platform names in any case', () => {
    expect(resolveAddress({ platform: 'eu1' }).api.href).toBe('https://qualysapi.qualys.eu/');
    expect(resolveAddress({ platform: ' US3 ' }).gateway.href).toBe('https://gateway.qg3.apps.qualys.com/');
  });

  it.each(PLATFORMS.map((one) => [one.name, one.api, one.gateway]))(
    '[D22] %s: the address finds its gateway',
    (_, api, gateway) => {
      expect(resolveAddress({ api_url: api! }).gateway.href).toBe(`${gateway}/`);
    },
  );

  it.each([
    ['qualysapi.qg2.apps.qualys.eu', 'https://qualysapi.qg2.apps.qualys.eu/'],
    ['https://qualysapi.qg2.apps.qualys.eu/', 'https://qualysapi.qg2.apps.qualys.eu/'],
    [' HTTPS://QualysAPI.example.com:8443/qualys ', 'https://qualysapi.example.com:8443/qualys/'],
    ['https://qualysapi.qualys.com/api/2.0/fo/', 'https://qualysapi.qualys.com/'],
    ['https://proxy.example.com/prefix/msp/', 'https://proxy.example.com/prefix/'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/'],
    ['http://[::1]:8080/', 'http://[::1]:8080/'],
    ['localhost:8443', 'https://localhost:8443/'],
  ])('[A44, A57, D19, M2, S10, S27] forgives the form of %s', (given, api) => {
    expect(resolveAddress({ api_url: given }).api.href).toBe(api);
  });

  it('a private platform has its gateway beside it; any other address serves both', () => {
    expect(resolveAddress({ api_url: 'qualysapi.acme.example' }).gateway.href).toBe(
      'https://qualysgateway.acme.example/',
    );
    expect(resolveAddress({ api_url: 'http://127.0.0.1:1/x' }).gateway.href).toBe('http://127.0.0.1:1/x/');
    expect(resolveAddress({ platform: 'US1', gateway_url: 'gw.example' }).gateway.href).toBe('https://gw.example/');
  });

  it.each([
    ['gateway.qg1.apps.qualys.com', 'https://qualysapi.qualys.com/'],
    ['https://qualysgateway.acme.example/', 'https://qualysapi.acme.example/'],
    ['http://127.0.0.1:1/x', 'http://127.0.0.1:1/x/'],
  ])('a gateway alone (%s) finds its API server, or serves both', (gateway_url, api) => {
    expect(resolveAddress({ gateway_url }).api.href).toBe(api);
  });
});

describe('what is refused, and with what advice', () => {
  it('QRY1010 a platform that does not exist', () => {
    expect(refused({ platform: 'US5' })).toMatchObject({ code: 'QRY1010', next: 'stop_process' });
    expect(refused({ platform: 'US5' }).message).toBe('There is no platform US5. Did you mean US1, US2, US3, US4?');
    expect(refused({ platform: 'KSA' }).message).toContain('KSA1');
    expect(refused({ platform: 'UAE1' }).message).toContain('AE1');
    expect(refused({ platform: 'moon' }).fix).toContain('US1, US2');
    expect(refused({ platform: 'PCP' }).fix).toContain('api_url');
  });

  it('QRY1011 what is no web address', () => {
    for (const api_url of ['', 'ftp://qualysapi.qualys.com', 'https://', 'two words']) {
      expect(refused({ api_url }).code).toBe('QRY1011');
    }
  });

  it('QRY1012 plain http beyond this machine, unless allowed', () => {
    expect(refused({ api_url: 'http://qualysapi.qualys.com' }).code).toBe('QRY1012');
    expect(refused({ api_url: 'http://127.0.0.1.example.com' }).code).toBe('QRY1012');
    expect(resolveAddress({ api_url: 'http://sim.test', allowPlainHttp: true }).api.protocol).toBe('http:');
  });

  it('QRY1013 the console or the gateway, naming the API server', () => {
    expect(refused({ api_url: 'https://qualysguard.qg2.apps.qualys.eu/fo/login.php' }).message).toContain(
      'https://qualysapi.qg2.apps.qualys.eu',
    );
    expect(refused({ api_url: 'gateway.qg1.apps.qualys.com' }).fix).toBe('Set api_url: https://qualysapi.qualys.com');
  });

  it('[D25, S16] QRY1014 nothing at all, and where Qualys says it; QRY1015 credentials inside, which the error does not show', () => {
    expect(refused({}).code).toBe('QRY1014');
    expect(refused({}).fix).toContain('About in the Qualys console');
    const error = refused({ api_url: 'https://me:hunter2@qualysapi.qualys.com' });
    expect(error.code).toBe('QRY1015');
    expect(JSON.stringify([error, error.message])).not.toContain('hunter2');
    expect(refused({ api_url: 'ftp://me:hunter2@x' }).message).not.toContain('hunter2');
  });

  it('a login tells its platform', () => {
    expect(platformByLogin('abcde3fg')?.name).toBe('US3');
    expect(platformByLogin('abcde_fg12')?.name).toBe('US1');
    expect(platformByLogin('someone@example.com')).toBeUndefined();
  });
});

describe('[F10] [F11] [F52] base_url and auth_url', () => {
  const of = (options: Parameters<typeof resolveAddress>[0]) => {
    const { api, gateway, auth } = resolveAddress(options);
    return [api.href, gateway.href, auth?.href];
  };
  const EU2 = 'https://gateway.qg2.apps.qualys.eu/';

  it('base_url is the gateway, with or without /fim; the API server is the one beside it', () => {
    for (const base_url of [EU2, `${EU2}fim`, `${EU2}fim/`, `${EU2}fim/v2/events/search`, 'gateway.qg2.apps.qualys.eu'])
      expect(of({ base_url })).toEqual(['https://qualysapi.qg2.apps.qualys.eu/', EU2, undefined]);
    expect(of({ platform: 'US1', base_url: 'https://proxy.example.com/qualys/fim' })).toEqual([
      'https://qualysapi.qualys.com/',
      'https://proxy.example.com/qualys/',
      undefined,
    ]);
  });

  it('base_url may be the API server: the gateway is the one beside it', () => {
    for (const base_url of ['https://qualysapi.qg2.apps.qualys.eu', 'qualysapi.qg2.apps.qualys.eu/fim'])
      expect(of({ base_url })).toEqual(['https://qualysapi.qg2.apps.qualys.eu/', EU2, undefined]);
  });

  it('auth_url is another host for tokens, with or without /auth', () => {
    for (const auth_url of [
      'https://auth.example.com/x/auth',
      'auth.example.com/x/',
      'https://auth.example.com/x/auth/oidc',
    ])
      expect(of({ platform: 'EU2', auth_url })[2]).toBe('https://auth.example.com/x/');
    expect(() => of({ platform: 'EU2', auth_url: 'http://auth.example.com/auth' })).toThrow('unencrypted');
  });
});
