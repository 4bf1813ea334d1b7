import { Button, Collapse, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { apiUrl, write } from '../api/client.ts';
import { readEvents } from '../api/event-stream.ts';
import type { Check, Connection, Test, TestBegun } from '../api/types.ts';
import { duration } from '../parts/format.ts';
import { LinkButton } from '../parts/LinkButton.tsx';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { Mark } from '../parts/StatusMark.tsx';

interface TestDialogProps {
  readonly title: string;
  /** Where the test is asked for: a connection's, or that of settings not kept yet. */
  readonly path: string;
  readonly body?: unknown;
  /** The connection whose settings can be mended from here. */
  readonly edit?: Connection;
  readonly onClose: () => void;
  readonly onPassed?: () => void;
}

/** A test step by step: a tick for each check, and for each failure what it means and what to do. Open until closed. */
export function TestDialog({ title, path, body, edit, onClose, onPassed }: TestDialogProps) {
  const client = useQueryClient();
  const [checks, setChecks] = useState<readonly Check[]>([]);
  const [state, setState] = useState<Test['state']>('running');
  const [error, setError] = useState<unknown>();
  const begun = useRef(false);
  const run = async (): Promise<void> => {
    setChecks([]);
    setState('running');
    setError(undefined);
    try {
      const { test_id } = await write<TestBegun>('POST', path, body);
      await readEvents('GET', apiUrl(`/tests/${test_id}/stream`), {}, ({ event, data }) => {
        if (event === 'check') setChecks((before) => [...before, data as Check]);
        if (event !== 'end') return;
        const test = data as Test;
        setChecks(test.checks);
        setState(test.state);
        if (test.state === 'passed') onPassed?.();
      });
    } catch (thrown) {
      setError(thrown);
      setState('failed');
    }
    await client.invalidateQueries({ queryKey: ['connections'] });
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: one test when the dialog opens, more by the button
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    void run();
  }, []);
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          A test tries the way to Qualys, the sign-in and every data set. It does not collect.
        </Text>
        <div aria-live="polite">
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {checks.map((check) => (
              <CheckLine key={check.check} check={check} />
            ))}
          </Stack>
          {state === 'running' && <Waiting rows={1} />}
          {state !== 'running' && error === undefined && (
            <Text fw={600} mt="sm">
              {state === 'passed' ? 'Success: everything was entered correctly.' : 'Failure: see what to do above.'}
            </Text>
          )}
        </div>
        <ProblemAlert error={error} />
        <Group justify="flex-end">
          {edit !== undefined && state === 'failed' && (
            <LinkButton
              to="/connections/$id"
              params={{ id: edit.id }}
              search={{ tab: 'settings' }}
              variant="default"
              onClick={onClose}
            >
              Edit the connection
            </LinkButton>
          )}
          <Button variant="default" onClick={() => void run()} disabled={state === 'running'}>
            Test again
          </Button>
          <Button onClick={onClose}>Close</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

const OUTCOMES = { ok: 'good', failed: 'bad', skipped: 'quiet' } as const;

function CheckLine({ check }: { check: Check }) {
  const [more, { toggle }] = useDisclosure();
  const { check: name, outcome, detail, title, explanation, recommendation, code, status, qualys, ms } = check;
  return (
    <li>
      <Group gap="xs" justify="space-between" wrap="nowrap">
        <Mark tone={OUTCOMES[outcome]}>
          <strong>{name}</strong>
          <span className="visually-hidden">{outcome}</span>
        </Mark>
        <Text size="xs" c="dimmed">
          {outcome === 'skipped' ? 'skipped' : ms === undefined ? '' : duration(ms)}
        </Text>
      </Group>
      {outcome === 'failed' ? (
        <Stack gap={4} pl={18}>
          <Text size="sm" fw={600}>
            {title ?? detail}
          </Text>
          {explanation !== undefined && <Text size="sm">{explanation}</Text>}
          {recommendation !== undefined && (
            <Text size="sm">
              <strong>What to do:</strong> {recommendation}
            </Text>
          )}
          <button type="button" className="row-open" onClick={toggle} aria-expanded={more}>
            {more ? 'Show less' : 'Show more'}
          </button>
          <Collapse expanded={more}>
            <pre className="text-block">
              {[
                detail,
                qualys === undefined ? '' : `Qualys: ${qualys}`,
                status === undefined ? '' : `HTTP ${status}`,
                code ?? '',
              ]
                .filter((line) => line !== '')
                .join('\n')}
            </pre>
          </Collapse>
        </Stack>
      ) : (
        <Text size="sm" pl={18} c="dimmed">
          {detail}
        </Text>
      )}
    </li>
  );
}
