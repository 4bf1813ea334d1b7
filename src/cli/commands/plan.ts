import { type PlanCost, planOf } from '../../collector/port.ts';
import { print, printJson, table } from '../output.ts';
import { wholeConfiguration } from './configuration.ts';
import { lookIfThere } from './look.ts';

/** Hosts where nobody has said or counted them. */
const HOSTS = 10_000;

/** What a configuration will cost, before it is run: from its facts, and from what was seen where there is a state. */
export async function plan(options: { config?: string; hosts?: number; json?: boolean }): Promise<number> {
  const config = await wholeConfiguration(options.config);
  const cost = await lookIfThere(config, (outbox) => planOf(config, outbox, options.hosts ?? HOSTS));
  if (options.json === true) await printJson(cost);
  else await print(planText(cost, options.hosts));
  return 0;
}

function planText(cost: PlanCost, hosts: number | undefined): string {
  const streams = cost.streams.map((one) => [
    one.stream,
    one.objects === undefined ? '-' : one.objects.toLocaleString('en-US'),
    one.first,
    one.pull,
    one.daily,
    time(one.firstHours),
    one.basis === 'measured' ? 'earlier pulls' : 'assumed',
  ]);
  const apis = cost.apis.map((one) => [
    `${one.subscription} ${one.api}`,
    `${one.limits.limit.toLocaleString('en-US')} in ${time(one.limits.windowSec / 3600)}, ${one.limits.concurrency} at once${one.limits.seen ? '' : ' (assumed)'}`,
    one.first,
    time(one.firstHours),
    one.daily,
    `${percent(one.share)}${one.share > 1 ? ' DOES NOT FIT' : ''}`,
  ]);
  const lines = [
    table(['STREAM', 'OBJECTS', 'CALLS FIRST', 'CALLS A PULL', 'CALLS A DAY', 'FIRST LOAD', 'BASIS'], streams),
    table(['SUBSCRIPTION AND API', 'LIMIT', 'CALLS FIRST', 'FIRST LOAD', 'CALLS A DAY', 'OF THE LIMIT'], apis),
    `In all: ${cost.first.toLocaleString('en-US')} calls and about ${time(cost.firstHours)} for the first load, ${cost.daily.toLocaleString('en-US')} calls a day.\n`,
  ];

  if (hosts === undefined && cost.streams.some(({ basis }) => basis === 'assumed'))
    lines.push(`Assumed: ${HOSTS.toLocaleString('en-US')} hosts; say --hosts N for yours.\n`);
  const counted = cost.streams.filter(({ perObject }) => perObject).map(({ stream }) => stream);
  if (counted.length > 0) lines.push(`Not counted: one call for each object of ${counted.join(', ')}.\n`);
  if (cost.apis.some(({ share }) => share > 1))
    lines.push(
      'What does not fit falls behind: set a longer `every`, fewer sweeps or a larger page_size, or ask Qualys for a higher service level.\n',
    );
  return lines.join('\n');
}

const percent = (share: number): string => (share > 0 && share < 0.01 ? 'under 1 %' : `${Math.round(share * 100)} %`);

function time(hours: number): string {
  if (hours * 60 < 1) return `${Math.max(1, Math.round(hours * 3600))} s`;
  if (hours < 1) return `${Math.round(hours * 60)} min`;
  return hours < 48 ? `${Number(hours.toFixed(1))} h` : `${Number((hours / 24).toFixed(1))} days`;
}
