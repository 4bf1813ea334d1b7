import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get, write } from '../api/client.ts';
import type { Stream } from '../api/types.ts';
import { Confirm } from '../parts/Confirm.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { TextBlock } from '../parts/TextBlock.tsx';
import { useAction } from '../parts/useAction.ts';

interface DialogProps {
  readonly stream: Stream;
  readonly onClose: () => void;
}
const pathOf = ({ connection, dataset }: Stream): string => `/connections/${connection}/streams/${dataset}`;
const CLOSE = { 'aria-label': 'Close' };

export function ResetDialog({ stream, onClose }: DialogProps) {
  const { dataset, title, rows_total } = stream;
  return (
    <Confirm
      title={`Reset ${title}`}
      action="Reset"
      typed={dataset}
      onClose={onClose}
      onConfirm={() => write('POST', `${pathOf(stream)}/reset`, { confirm: dataset })}
    >
      Keys and cursors are forgotten: everything is read again from the beginning and sent again to every sink, about{' '}
      {rows_total.toLocaleString('en')} records, with the same ids as before. It cannot be undone.
    </Confirm>
  );
}

/** A range of days of a log, read again behind the live pulls. */
export function BackfillDialog({ stream, onClose }: DialogProps) {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const action = useAction();
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000;
  const good = days > 0;
  const run = async (): Promise<void> => {
    await action.run(async () => {
      await write('POST', `${pathOf(stream)}/backfill`, { from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` });
      onClose();
    });
  };
  return (
    <Modal opened onClose={onClose} title={`Back-fill ${stream.title}`} closeButtonProps={CLOSE}>
      <Stack>
        <Text size="sm">
          These days are read again, behind the live pulls, which go first. What is known already is not sent twice.
        </Text>
        <TextInput
          type="date"
          label="From (UTC)"
          data-autofocus
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput type="date" label="Up to (UTC)" value={to} onChange={(event) => setTo(event.currentTarget.value)} />
        {good && (
          <Text size="sm" role="status">
            {days} days: at least one call to Qualys for each answer page.
          </Text>
        )}
        <ProblemAlert error={action.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button disabled={!good} loading={action.busy} onClick={() => void run()}>
            Back-fill
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

export function CheckpointDialog({ stream, onClose }: DialogProps) {
  const query = useQuery({
    queryKey: ['checkpoint', stream.connection, stream.dataset],
    queryFn: () => get<Readonly<Record<string, unknown>>>(`${pathOf(stream)}/checkpoint`),
  });
  return (
    <Modal opened onClose={onClose} title={`Checkpoint of ${stream.title}`} size="lg" closeButtonProps={CLOSE}>
      <Text size="sm" mb="sm">
        Everything up to the watermark is safe; resume lists the ranges of a pull that are still to be read.
      </Text>
      <Loaded query={query}>{(said) => <TextBlock label="Checkpoint" value={said} />}</Loaded>
    </Modal>
  );
}
