import { Stack, Switch, Text } from '@mantine/core';
import { TextBlock } from '../parts/TextBlock.tsx';
import { yamlOf } from './draft.ts';
import type { StepProps } from './Wizard.tsx';

export function ConfirmStep({ draft, change }: StepProps) {
  return (
    <Stack>
      <Text size="sm">
        <strong>{draft.name}</strong> will be active as soon as you submit: its first pulls begin at once, the next ones
        at their intervals.
      </Text>
      <TextBlock label="The connection as YAML" value={yamlOf(draft)} />
      <Switch
        label="Start now"
        checked={draft.start}
        onChange={(event) => change({ start: event.currentTarget.checked })}
      />
    </Stack>
  );
}
