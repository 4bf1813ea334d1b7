import { SimpleGrid } from '@mantine/core';
import { useMemo } from 'react';
import { PageHead, Panel } from '../parts/Panel.tsx';
import { CertificateExpiry } from './CertificateExpiry.tsx';
import { weeks } from './counted.ts';
import { Estate } from './Estate.tsx';
import { Flow } from './Flow.tsx';
import { NewAndFixed } from './NewAndFixed.tsx';
import { RiskMatrix } from './RiskMatrix.tsx';
import { RunCalendar } from './RunCalendar.tsx';
import { SeverityBars } from './SeverityBars.tsx';
import { TimeToFix } from './TimeToFix.tsx';

const WEEKS = 12;
const AGES = [
  [0, 7],
  [7, 30],
  [30, 90],
  [90, 180],
] as const;
const ageSlices = (filter: string) => [
  ...AGES.map(([from, to]) => ({
    label: `${from}–${to} d`,
    filter: `${filter} and age_days>=${from} and age_days<${to}`,
  })),
  { label: '180 d and more', filter: `${filter} and age_days>=180` },
];
const OPEN_AGES = ageSlices('type!=Info and is_open=true');
const FIX_TIMES = ageSlices('is_open=false and closed_reason=fixed and closed>=now-90d');
const SLA = [
  { label: 'in time', filter: 'type!=Info and is_open=true and overdue=false and due!=null' },
  { label: 'overdue', filter: 'type!=Info and is_open=true and overdue=true' },
  { label: 'no term set', filter: 'type!=Info and is_open=true and due=null' },
];

/** The inventory and the collector in pictures; every mark opens what it counts. */
export function PicturesPage() {
  const now = useMemo(() => Date.now(), []);
  const openThen = useMemo(
    () =>
      weeks(WEEKS, now).map(({ to }) => ({
        label: to.slice(5),
        filter: `type!=Info and opened<${to}T00:00Z and (is_open=true or closed>=${to}T00:00Z)`,
      })),
    [now],
  );
  return (
    <>
      <PageHead title="Pictures" />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Panel title="Open findings by severity">
          <SeverityBars
            label="Open findings by severity over twelve weeks"
            view="findings"
            slices={openThen}
            shape="area"
            note="At the end of each week, by first opening"
          />
        </Panel>
        <Panel title="New and fixed">
          <NewAndFixed now={now} />
        </Panel>
        <Panel title="Age of what is open">
          <SeverityBars label="Open findings by age" view="findings" slices={OPEN_AGES} shape="bar" />
        </Panel>
        <Panel title="How long fixing took">
          <SeverityBars
            label="Findings fixed within 90 days, by the time it took"
            view="findings"
            slices={FIX_TIMES}
            shape="bar"
            note="Fixed within the last 90 days"
          />
        </Panel>
        <Panel title="Mean time to fix (MTTR)">
          <TimeToFix />
        </Panel>
        <Panel title="Terms by severity (SLA)">
          <SeverityBars
            label="Open findings in time and overdue"
            view="findings"
            slices={SLA}
            shape="bar"
            note="Terms are set under inventory.sla in quarry.yaml"
          />
        </Panel>
        <Panel title="Risk">
          <RiskMatrix />
        </Panel>
        <Panel title="Estate">
          <Estate />
        </Panel>
        <Panel title="Certificates that end">
          <CertificateExpiry now={now} />
        </Panel>
        <Panel title="Pulls">
          <RunCalendar />
        </Panel>
        <Panel title="Flow">
          <Flow />
        </Panel>
      </SimpleGrid>
    </>
  );
}
