import { hostname } from 'node:os';
import type { Config } from '../../config/config.ts';
import type { StreamIdentity } from '../../core/words.ts';
import { mainThread, type Part, type Place } from './lines.ts';

/** How Devo's collectors call the puller of a service: two are known from their documents, the others follow the first. */
const PULLERS: Readonly<Record<string, string>> = {
  vm_scan_results: 'QualysScansPuller',
  vm_scans: 'QualysScansPuller',
  fim_events: 'QualysFimBasePuller',
  fim_incidents: 'QualysFimBasePuller',
};

/** What a stream and its parts are called in the log. */
export interface StreamNames {
  /** The service as the configuration names it. */
  readonly service: string;
  /** `qualys,13241243`. */
  readonly input: string;
  readonly puller: string;
  readonly module: string;
  readonly setup: string;
  /** Signs in with a token that is made and renewed. */
  readonly token: boolean;
  readonly limited: boolean;
}

export interface OutputNames {
  readonly sink: string;
  readonly senders: number;
  /** What a new sender says of itself. */
  readonly sender: (k: number) => Readonly<Record<string, string | number | null>>;
}

export function streamNames(config: Config, { connection, dataset }: StreamIdentity): StreamNames {
  const input = config.devo?.inputs.get(connection);
  const name = input?.name ?? connection;
  const id = input?.id ?? config.connections.get(connection)?.subscription ?? connection;
  const service = input?.services.get(dataset) ?? dataset;
  const words = dataset.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const module = PULLERS[dataset] ?? `Qualys${words.join('')}Puller`;
  const token = module === 'QualysFimBasePuller';
  const collector = config.devo?.collector ?? 'quarry';
  return {
    service,
    input: `${name},${id}`,
    module,
    puller: `${module}(${name},${id},${service},predefined)`,
    setup: `${token ? module : 'QualysPuller'}Setup(${collector},${name}#${id},${service}#predefined)`,
    token,
    limited: input?.limited ?? false,
  };
}

/** The sinks of the type devo: the outputs of a Devo layout. */
export function outputNames(config: Config): OutputNames[] {
  return [...config.sinks.values()].flatMap(({ name, type, enabled, options }) => {
    if (type !== 'devo' || !enabled) return [];
    const text = (key: string): string | null => (typeof options[key] === 'string' ? options[key] : null);
    return [
      {
        sink: name,
        senders: typeof options['senders'] === 'number' ? options['senders'] : 1,
        sender: (k: number) => ({
          name: senderName(k),
          url: `${text('address')}:${String(options['port'])}`,
          chain_path: text('chain'),
          cert_path: text('cert'),
          key_path: text('key'),
          transport_layer_type: 'SSL',
          last_usage_timestamp: null,
          socket_status: null,
        }),
      },
    ];
  });
}

export const senderName = (k: number): string => `DevoSender(standard_senders,devo_sender_${k})`;
export const monitorName = (sink: string): string => `DevoSenderManagerMonitor(standard_senders,${sink})`;
export const managerName = (sink: string): string => `DevoSenderManager(standard_senders,manager,${sink})`;
export const CONSUMER = 'OutputStandardConsumer(standard_senders_consumer_0)';
export const HOSTNAME = hostname();

/** Where a line of the ordinary log belongs, by its fields. */
export function placeOf(config: Config, fields: Readonly<Record<string, unknown>>): Place {
  const { sink, stream, connection } = fields;
  const at = (part: Part, thread: string): Place => ({ part, thread });
  if (typeof sink === 'string') return at('OutputProcess', managerName(sink));
  const [id = '', dataset] = typeof stream === 'string' ? stream.split('/') : [];
  if (dataset !== undefined && config.connections.has(id))
    return at('InputProcess', streamNames(config, { tenant: '', subscription: '', connection: id, dataset }).puller);
  if (typeof connection === 'string') return mainThread('InputProcess');
  return mainThread('MainProcess');
}
