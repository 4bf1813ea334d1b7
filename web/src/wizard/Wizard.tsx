import { Button, Group, Stepper } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { onceKey, write } from '../api/client.ts';
import type { Connection } from '../api/types.ts';
import { PageHead } from '../parts/Panel.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { ConfigurationStep } from './ConfigurationStep.tsx';
import { ConfirmStep } from './ConfirmStep.tsx';
import { DatasetsStep } from './DatasetsStep.tsx';
import {
  bodyOf,
  configurationWrong,
  type Draft,
  datasetsWrong,
  emptyDraft,
  generalWrong,
  type Wrong,
} from './draft.ts';
import { GeneralStep } from './GeneralStep.tsx';
import { SinksStep } from './SinksStep.tsx';

export interface StepProps {
  readonly draft: Draft;
  /** What is wrong in this step, once somebody wanted to go on. */
  readonly wrong: Wrong;
  readonly change: (change: Partial<Draft>) => void;
}

const nothingWrong = (): Wrong => ({});
const STEPS = [
  { title: 'General', about: 'Fixed afterwards', step: GeneralStep, check: generalWrong },
  { title: 'Configuration', about: 'Address and sign-in', step: ConfigurationStep, check: configurationWrong },
  { title: 'Data sets', about: 'What, and how often', step: DatasetsStep, check: datasetsWrong },
  { title: 'Sinks', about: 'Where it goes', step: SinksStep, check: nothingWrong },
  { title: 'Confirm', about: 'Look once more', step: ConfirmStep, check: nothingWrong },
] as const;

/** A new connection, step by step; active at once when it is submitted. */
export function Wizard() {
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const [once] = useState(onceKey);
  const [at, setAt] = useState(0);
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { step: Step, check } = STEPS[at]!;
  const wrong = check(draft);
  const go = (to: number): void => {
    setAsked(to > at);
    if (to > at && Object.keys(wrong).length > 0) return;
    setAsked(false);
    setAt(to);
  };
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const { id } = await write<Connection>('POST', '/connections', bodyOf(draft), { once });
      await client.invalidateQueries({ queryKey: ['connections'] });
      await navigate({ to: '/connections/$id', params: { id } });
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  const last = at === STEPS.length - 1;
  return (
    <>
      <PageHead title="Add a connection" />
      <Stepper active={at} onStepClick={(to) => to < at && go(to)} size="sm" mb="md" className="steps">
        {STEPS.map(({ title, about }, i) => (
          <Stepper.Step key={title} label={title} description={about} allowStepSelect={i < at} />
        ))}
      </Stepper>
      <form
        className="panel"
        aria-label={STEPS[at]!.title}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (last) void submit();
          else go(at + 1);
        }}
      >
        <Step
          draft={draft}
          wrong={asked ? wrong : {}}
          change={(change) => setDraft((before) => ({ ...before, ...change }))}
        />
        <ProblemAlert error={error} />
        <Group justify="space-between" mt="lg">
          <Button variant="default" disabled={at === 0} onClick={() => go(at - 1)}>
            Back
          </Button>
          <Button type="submit" loading={busy}>
            {last ? 'Submit' : 'Next'}
          </Button>
        </Group>
      </form>
    </>
  );
}
