import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderChart } from './support/helm-template.ts';

/** The Helm chart, rendered by a stand-in for Helm. */
const CHART = 'deploy/helm/quarry';
const EVERYTHING = {
  existingSecret: 'qualys',
  database: { existingSecret: 'postgres' },
  worker: { enabled: true, replicaCount: 3 },
  ingress: { enabled: true, className: 'nginx', tlsSecret: 'tls' },
  persistence: { storageClass: 'fast' },
  ...Object.fromEntries(
    ['serviceMonitor', 'networkPolicy', 'podDisruptionBudget'].map((name) => [name, { enabled: true }]),
  ),
  extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
};

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly securityContext: Record<string, unknown>;
  readonly volumeMounts: readonly { readonly name: string }[];
}
interface Pod {
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string }[];
  readonly securityContext: Record<string, unknown>;
}
interface Thing {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly data?: Record<string, string>;
  readonly spec: {
    readonly template?: { readonly spec: Pod; readonly metadata: { readonly labels: Record<string, string> } };
    readonly selector?: { readonly matchLabels?: Record<string, string> };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly replicas?: number;
  };
}
const things = (values = {}): Thing[] => renderChart(CHART, values) as Thing[];

describe('the chart', () => {
  it('is one pod with its volume by default', () => {
    const made = things();
    expect(made.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Service', 'StatefulSet']);
    const { spec } = made.find(({ kind }) => kind === 'StatefulSet')!;
    expect(spec.replicas).toBe(1);
    expect(spec.template?.spec.containers[0]).toMatchObject({ image: 'quarry:0.1.0', args: ['run'] });
    expect(made[0]?.data).toEqual({ 'quarry.yaml': 'connections: {}\nsinks: {}\n' });
  });

  it('has everything else where it is asked for', () => {
    const made = things(EVERYTHING);
    expect(made.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      'ConfigMap acme-config',
      'Deployment acme-worker',
      'Ingress acme',
      'Job acme-migrate',
      'NetworkPolicy acme',
      'PodDisruptionBudget acme',
      'Service acme',
      'ServiceMonitor acme',
      'StatefulSet acme',
    ]);
    const argsOf = (kind: string) => made.find((one) => one.kind === kind)?.spec.template?.spec.containers[0]?.args;
    expect([argsOf('StatefulSet'), argsOf('Deployment'), argsOf('Job')]).toEqual([
      ['run', '--no-work'],
      ['worker'],
      ['db', 'migrate'],
    ]);
  });

  it.each([
    ['by default', {}],
    ['with everything', EVERYTHING],
  ])('every pod is unprivileged, read-only, has what it mounts and is found by its selector, %s', (_, values) => {
    const pods = things(values).filter(({ spec }) => spec?.template !== undefined);
    expect(pods.length).toBeGreaterThan(0);
    for (const { spec } of pods) {
      const { template, selector, volumeClaimTemplates = [] } = spec;
      const { containers, volumes, securityContext } = template!.spec;
      expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_001 });
      const there = [...volumes.map(({ name }) => name), ...volumeClaimTemplates.map(({ metadata }) => metadata.name)];
      for (const container of containers) {
        expect(container.securityContext).toMatchObject({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(there.sort());
        expect(container.env.map(({ name }) => name)).toContain('QUARRY_CONFIG');
      }
      for (const [label, value] of Object.entries(selector?.matchLabels ?? {}))
        expect(template!.metadata.labels[label]).toBe(value);
    }
  });

  it('is of the version of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(readFileSync(`${CHART}/Chart.yaml`, 'utf8')).toContain(`appVersion: "${version}"`);
  });
});
