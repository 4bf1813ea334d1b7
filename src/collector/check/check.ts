import { lookup } from 'node:dns/promises';
import { connect as connectTls, getCACertificates } from 'node:tls';
import { type Config, type ConnectionConfig, whereIs } from '../../config/config.ts';
import { systemClock } from '../../core/clock.ts';
import type { Call, SignInWay } from '../../core/dataset.ts';
import { asQuarryError, QuarryError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { isPrivate } from '../../core/private-addresses.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import type { Client } from '../../qualys/client.ts';
import { type ApiStatus, createGovernor, type SavedGovernor } from '../../qualys/governor.ts';
import { networkError } from '../../qualys/network-errors.ts';
import type { Address } from '../../qualys/platforms.ts';
import { publicLookup } from '../../qualys/public-lookup.ts';
import { clientOf } from '../wire.ts';
import { addressOf } from './address.ts';
import { probe, whyNothing } from './check-probe.ts';
import { withEgress } from './egress.ts';
import { probeCall } from './probe.ts';

/** One thing that was tried. */
export interface Checked {
  readonly connection: string;
  /** `DNS`, `TLS`, `sign-in (basic)`, or the data set's name. */
  readonly what: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  /** What a person wants to know of a good one, or why it was skipped. */
  readonly about: string;
  readonly error?: QuarryError;
  readonly ms?: number;
  readonly call?: Call;
  /** Ways to sign in that the data set accepts. */
  readonly ways?: readonly SignInWay[];
  /** The limits of the call's API, as its headers showed them. */
  readonly limits?: ApiStatus;
}

export interface CheckOptions {
  readonly config: Config;
  readonly version: string;
  readonly signal: AbortSignal;
  /** What a collector's governor has kept of this subscription: its own calls are nobody else's. */
  readonly saved?: SavedGovernor | undefined;
  /** Only whether the servers can be reached: nothing is signed in to, no call is made. */
  readonly reachOnly?: boolean | undefined;
}

const REACH_MS = 10_000;

/**
 * Tries a connection step by step: name service, secure connection, sign-in, then each enabled data set with its
 * cheapest call, one after the other. What hangs on a step that failed is skipped, so that a wrong password is one
 * attempt and no more. Nothing is thrown but the signal's reason.
 */
export async function* checkConnection(connection: ConnectionConfig, options: CheckOptions): AsyncGenerator<Checked> {
  const { config, version, signal } = options;
  const { id } = connection;
  const governor = createGovernor({ clock: systemClock, saved: options.saved });
  let client: Client;
  let address: Address;
  try {
    address = addressOf(connection);
    client = clientOf(connection, config, governor, { clock: systemClock, log: silentLog, version });
  } catch (thrown) {
    yield failed(connection, 'address', thrown, whereIs(config, `connections.${id}`));
    return;
  }
  try {
    const wanted = [...connection.datasets.values()].filter(({ enabled }) => enabled);
    const calls = wanted.map(({ name, options: own }) => {
      const facts = datasets.get(name)!;
      return { name, facts, own, call: probeCall(facts, own), ways: facts.signIn };
    });
    const usesGateway = calls.some(({ call }) => call.server === 'gateway');
    let reached = true;
    const servers =
      usesGateway && address.gateway.host !== address.api.host ? [address.api, address.gateway] : [address.api];
    for (const step of servers.flatMap((url) => reachSteps(connection, url))) {
      const checked = await timed(connection, step.what, step.run);
      yield checked;
      reached &&= checked.outcome !== 'failed';
      if (checked.outcome === 'failed') break;
    }
    if (options.reachOnly === true) return;
    const signedIn = new Set<SignInWay>();
    // Qualys refuses times ahead of its own: what the answers said of it goes before this machine's clock.
    let now: number | undefined;
    // Each way once, the connection's usual one first: that one is tried even where no data set wants it.
    for (const way of new Set<SignInWay>([usualWay(connection), ...calls.map(({ ways }) => ways[0]!)])) {
      const signIn: Checked = reached
        ? await timed(connection, `sign-in (${way})`, async () => {
            now = (await client.signIn(signal, way)) ?? now;
            return signedInAs(connection);
          })
        : { connection: id, what: `sign-in (${way})`, outcome: 'skipped', about: 'the server cannot be reached' };
      signal.throwIfAborted();
      // A way the connection does not have says so at the data set that needs it.
      if (signIn.error?.code !== 'QRY2013') yield signIn;
      if (signIn.outcome === 'ok' || signIn.error?.code === 'QRY2013') signedIn.add(way);
    }
    for (const { name, facts, own, ways } of calls) {
      const call = probeCall(facts, own, now);
      if (!signedIn.has(ways[0]!)) {
        yield { connection: id, what: name, outcome: 'skipped', about: 'not signed in', call, ways };
        continue;
      }
      const checked = await timed(connection, name, async () => {
        const { empty, version: found, serverTime } = await probe(client, facts, call, signal);
        now = serverTime ?? now;
        const readable = found === undefined ? 'readable' : `readable, version ${found}`;
        if (!empty) return readable;
        const again = (other: Call) => probe(client, facts, other, signal);
        return `${readable}; ${await whyNothing(again, facts, own, facts.options.parse({}), now)}`;
      });
      signal.throwIfAborted();
      const limits = governor.status()[call.api];
      yield { ...checked, call, ways, ...(limits === undefined ? {} : { limits }) };
    }
  } finally {
    await client.close();
  }
}

const usualWay = ({ signIn }: ConnectionConfig): SignInWay => (signIn.kind === 'basic' ? 'basic' : 'token');

const signedInAs = ({ signIn }: ConnectionConfig): string =>
  signIn.kind === 'basic' ? `as ${signIn.username}` : `by ${signIn.kind}`;

async function timed(connection: ConnectionConfig, what: string, run: () => Promise<string>): Promise<Checked> {
  const started = performance.now();
  try {
    const about = await run();
    return { connection: connection.id, what, outcome: 'ok', about, ms: Math.round(performance.now() - started) };
  } catch (thrown) {
    return failed(connection, what, thrown);
  }
}

function failed(
  { id: connection, egressAddresses: egress }: ConnectionConfig,
  what: string,
  thrown: unknown,
  where?: string,
): Checked {
  const error = withEgress(asQuarryError(thrown), egress);
  const placed =
    error.where === undefined && where !== undefined
      ? new QuarryError(error.code, { what: error.message, where, fix: error.fix })
      : error;
  return { connection, what, outcome: 'failed', about: error.message, error: placed };
}

/** Name service and TLS, one host at a time. Behind a proxy both are the proxy's business: the sign-in will tell. */
function reachSteps(
  { proxy, tls, publicOnly }: ConnectionConfig,
  url: URL,
): { what: string; run: () => Promise<string> }[] {
  const host = (proxy === undefined ? url : new URL(proxy.url)).hostname.replace(/^\[|\]$/g, '');
  const translate = (thrown: unknown) =>
    networkError({ thrown, answering: false, proxied: proxy !== undefined, host, where: url.origin }, (text) => text)
      .error;
  const dns = async (): Promise<string> => {
    const found = await lookup(host, { all: true }).catch((thrown: unknown) => {
      throw translate(thrown);
    });
    const inside = publicOnly === true ? found.find(({ address }) => isPrivate(address)) : undefined;
    if (inside !== undefined) throw new QuarryError('QRY8023', { what: `${host} is ${inside.address}.`, where: host });
    if (found.length === 1 && found[0]?.address === host) return host;
    return `${host}${proxy === undefined ? '' : ' (proxy)'} is ${found.map(({ address }) => address).join(', ')}`;
  };
  const steps = [{ what: 'DNS', run: dns }];
  if (url.protocol === 'https:' && proxy === undefined) {
    const secure = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connectTls({
          host,
          port: Number(url.port) || 443,
          servername: host,
          ...(publicOnly === true ? { lookup: publicLookup } : {}),
          rejectUnauthorized: tls.verify,
          ...(tls.ca === undefined ? {} : { ca: [...getCACertificates('default'), tls.ca] }),
        });
        const end = (tell: () => void): void => {
          socket.destroy();
          tell();
        };
        socket.setTimeout(REACH_MS, () =>
          end(() =>
            reject(
              new QuarryError('QRY2002', {
                what: `No secure connection within ${REACH_MS / 1000} s.`,
                where: url.origin,
              }),
            ),
          ),
        );
        socket.once('error', (thrown) => end(() => reject(translate(thrown))));
        socket.once('secureConnect', () => {
          const protocol = socket.getProtocol() ?? 'TLS';
          const { valid_to: until, issuer } = socket.getPeerCertificate();
          const by = issuer?.O ?? issuer?.CN ?? 'an unnamed authority';
          end(() =>
            resolve(`${protocol}, certificate of ${String(by)} until ${until}${tls.verify ? '' : ' (not verified)'}`),
          );
        });
      });
    steps.push({ what: 'TLS', run: secure });
  }
  return steps;
}
