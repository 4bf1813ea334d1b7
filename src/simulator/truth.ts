/**
 * What exists, written from the generator and never from the XML writer: one JSON line per record of a data set, so
 * that a count made outside can be compared with it.
 *
 * Of the detections, a pull with all four statuses and nothing else asked for gets those where `type` is not `Info`
 * and `ignored` and `disabled` are false.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { type ActivityLog, createActivityLog } from './activity-log.ts';
import { classicTruthLines } from './truth-classic.ts';
import { recordsTruthLines } from './truth-records.ts';
import { restTruthLines } from './truth-rest.ts';
import { resultsOf } from './world/detection.ts';
import { tagsOf } from './world/host.ts';
import { stamp } from './world/time.ts';
import type { World } from './world/world.ts';

const CHUNK = 64 * 1024;

/**
 * The lines, without line ends. `at` is the virtual time in milliseconds since 1970, UTC. Without `log`, the activity
 * log is that of a simulator nobody called. With `only`, the lines of these data sets, in the same order; nothing else
 * is generated.
 */
export function* truthLines(
  world: World,
  at: number,
  log: ActivityLog = createActivityLog(world),
  only?: ReadonlySet<string>,
): Generator<string> {
  const wanted = (dataset: string): boolean => only?.has(dataset) ?? true;
  yield* hostTruthLines(world, at, wanted);
  yield* classicTruthLines(world, at, log, wanted);
  yield* recordsTruthLines(world, at, wanted);
  yield* restTruthLines(world, at, wanted);
}

function* hostTruthLines(world: World, at: number, wanted: (dataset: string) => boolean): Generator<string> {
  const [hosts, detections] = [wanted('host_list'), wanted('host_list_detection')];
  if (!hosts && !detections) return;
  for (const n of world.ordinals(at)) {
    const scan = world.scanOf(n, at);
    if (scan === undefined) continue;
    const host = world.host(n);
    const id = String(host.id);
    if (hosts)
      yield JSON.stringify({
        dataset: 'host_list',
        key: [id],
        asset_id: String(host.assetId),
        machine: String(world.machineOf(n)),
        ip: host.ip,
        network_id: String(host.network.id),
        tracking_method: host.trackingMethod,
        os: host.os,
        dns: host.fqdn,
        netbios: host.netbios,
        tags: tagsOf(world.seed, host, at).map((tag) => tag.name),
        asset_group_ids: host.assetGroupIds.map(String),
        last_scanned: stamp(scan.scanned),
        last_processed: stamp(scan.processed),
      });
    if (detections)
      for (const d of world.detections(host, at)) {
        const { qid, type, severity } = d.vulnerability;
        yield JSON.stringify({
          dataset: 'host_list_detection',
          key: [
            id,
            String(qid),
            d.port === undefined ? '' : String(d.port),
            d.protocol ?? '',
            d.ssl ? '1' : '0',
            d.fqdn ?? '',
            d.instance ?? '',
          ],
          unique_vuln_id: String(d.uniqueId),
          type,
          severity,
          status: d.status,
          ignored: d.ignored,
          disabled: d.disabled,
          qds: d.qds,
          times_found: d.timesFound,
          first_found: stamp(d.firstFound),
          last_found: stamp(d.lastFound),
          last_fixed: d.lastFixed === undefined ? undefined : stamp(d.lastFixed),
          last_processed: stamp(d.lastProcessed),
          results_length: resultsOf(d).length,
        });
      }
  }
}

/** Writes all lines, with back-pressure; does not end the stream. */
export async function writeTruth(world: World, at: number, stream: Writable, log?: ActivityLog): Promise<void> {
  let text = '';
  for (const line of truthLines(world, at, log)) {
    text += `${line}\n`;
    if (text.length < CHUNK) continue;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  }
  if (text !== '' && !stream.write(text)) await once(stream, 'drain');
}
