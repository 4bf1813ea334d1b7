import type { Config, RouteConfig } from '../../config/config.ts';
import { reveal } from '../../core/secret.ts';
import type { StreamIdentity } from '../../core/words.ts';
import type { Resend } from '../../outbox/resend.ts';
import { compileRoute, isOpen, type Route } from '../../pipeline/route.ts';

/** The routes of a configuration that lead to a sink. */
export const routesTo = (config: Config, sink: string): readonly RouteConfig[] =>
  config.routes.filter(({ sinks }) => sinks.includes(sink));

/** Whether any route sends this stream to the sink, or some of it. */
export function takes(config: Config, sink: string, stream: StreamIdentity): boolean {
  const tenants = config.sinks.get(sink)?.tenants;
  if (tenants !== undefined && !tenants.includes(stream.tenant)) return false;
  return routesTo(config, sink).some((route) => leads(route, stream));
}

export const leads = (route: RouteConfig, stream: StreamIdentity): boolean =>
  (route.datasets?.includes(stream.dataset) ?? true) &&
  (route.connections?.includes(stream.connection) ?? true) &&
  (route.tenants?.includes(stream.tenant) ?? true);

/**
 * What the routes to a sink do with the events of a stream, compiled once. Undefined where the first of them sends
 * everything as it is: then no record needs to be looked at.
 */
export function routesOf(config: Config, sink: string): (stream: StreamIdentity) => readonly Route[] | undefined {
  const key = config.obfuscationKey === undefined ? '' : reveal(config.obfuscationKey);
  const routes = routesTo(config, sink).map((route) => ({ route, compiled: compileRoute(route, key) }));
  return (stream) => {
    const leading = routes.filter(({ route }) => leads(route, stream));
    const [first] = leading;
    return first === undefined || isOpen(first.route) ? undefined : leading.map(({ compiled }) => compiled);
  };
}

/** When the routes to a sink want current records of a stream again; empty for never. */
export const resendOf =
  (config: Config, sink: string) =>
  (stream: StreamIdentity): readonly Resend[] =>
    routesTo(config, sink).flatMap((route): readonly Resend[] =>
      leads(route, stream)
        ? [
            ...(route.resend === 'never' ? [] : [route.resend]),
            ...(route.qidChanged === true ? ['qid_changed' as const] : []),
          ]
        : [],
    );
