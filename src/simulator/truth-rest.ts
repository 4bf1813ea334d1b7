/**
 * Truth of the REST data sets, from the generator. `fim_events` has ignored ones too, with `ignored: true`: a search
 * for events leaves them out, and a pull made before they were ignored has them. Values beside the key are what most
 * likely goes wrong, in Quarry's own spelling and not Qualys's.
 */
import { agentOf, assetUuid } from './world/asset.ts';
import { assetTimes } from './world/asset-time.ts';
import { certificates } from './world/certificate.ts';
import { fimEvents, fimStart, incidentOf, isIgnored, RETENTION } from './world/fim.ts';
import { fimIncidents } from './world/fim-incident.ts';
import { tagsOf } from './world/host.ts';
import { softwareOf } from './world/software.ts';
import { tagFacts } from './world/tag.ts';
import { stamp } from './world/time.ts';
import { findings, webApps } from './world/web.ts';
import type { World } from './world/world.ts';

/** The lines of the data sets wanted, without line ends. `at` is the virtual time in milliseconds since 1970, UTC. */
export function* restTruthLines(world: World, at: number, wanted: (dataset: string) => boolean): Generator<string> {
  if (wanted('host_assets') || wanted('assets')) yield* assets(world, at, wanted);
  if (wanted('tags')) yield* tags(world, at);
  if (wanted('webapps')) yield* applications(world, at);
  if (wanted('webapp_findings')) yield* applicationFindings(world, at);
  if (wanted('certificates')) yield* certificateLines(world, at);
  if (wanted('fim_events')) yield* events(world, at);
  if (wanted('fim_incidents')) yield* incidents(world, at);
}

function* tags(world: World, at: number): Generator<string> {
  for (const { id, name, modified } of tagFacts(world.seed, world.epoch, at)) {
    yield line('tags', id, { name, modified: stamp(modified) });
  }
}

function* applications(world: World, at: number): Generator<string> {
  for (const app of webApps(world, at)) {
    yield line('webapps', app.id, { name: app.name, host_id: String(app.host.id), updated: stamp(app.updated) });
  }
}

function* applicationFindings(world: World, at: number): Generator<string> {
  for (const { id, app, vulnerability, status, lastTested, ignored } of findings(world, at)) {
    const tested = stamp(lastTested);
    yield line('webapp_findings', id, {
      webapp: app.id,
      qid: vulnerability.qid,
      status,
      last_tested: tested,
      ignored: ignored !== undefined,
    });
  }
}

function* certificateLines(world: World, at: number): Generator<string> {
  for (const one of certificates(world, at)) {
    if (one === undefined) continue;
    const asset_ids = one.uses.map(({ host }) => host.assetId);
    yield line('certificates', one.id, { certhash: one.certhash, asset_ids, last_found: one.lastFound });
  }
}

function* assets(world: World, at: number, wanted: (dataset: string) => boolean): Generator<string> {
  for (const n of world.ordinals(at)) {
    const scan = world.scanOf(n, at);
    if (scan === undefined) continue;
    const host = world.host(n);
    const modified = stamp(assetTimes(world.seed, n, scan, at).modified);
    const common = { host_id: String(host.id), agent_id: agentOf(world.seed, host)?.id, modified };
    const tags = tagsOf(world.seed, host, at).map(({ id }) => id);
    if (wanted('host_assets')) yield line('host_assets', host.assetId, { ...common, tag_ids: tags });
    if (!wanted('assets')) continue;
    const software_ids = softwareOf(world.seed, host, scan.scanned).map(({ id }) => String(id));
    yield line('assets', host.assetId, { ...common, uuid: assetUuid(world.seed, n), software_ids });
  }
}

function* events(world: World, at: number): Generator<string> {
  for (const event of fimEvents(world, at, fimStart(world), at)) {
    if (event === undefined) continue;
    yield line('fim_events', event.id, {
      processed: new Date(event.processed).toISOString(),
      happened: new Date(event.happened).toISOString(),
      host_id: String(world.idOf(event.n)),
      ignored: isIgnored(event, at),
      incident: incidentOf(world, event, at),
    });
  }
}

function* incidents(world: World, at: number): Generator<string> {
  for (const { id, created, closed } of fimIncidents(world, at, Math.max(fimStart(world), at - RETENTION))) {
    const open = closed === undefined || closed > at;
    yield line('fim_incidents', id, { created: new Date(created).toISOString(), open });
  }
}

function line(dataset: string, key: string | number, facts: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ dataset, key: [String(key)], ...facts });
}
