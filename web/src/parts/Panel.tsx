import { Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** A titled part of a page. */
export function Panel({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="panel" aria-label={title}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h5">
            {title}
          </Title>
          {actions}
        </Group>
        {children}
      </Stack>
    </section>
  );
}

/** The heading of a page, with what can be done there. */
export function PageHead({ title, about, actions }: { title: ReactNode; about?: ReactNode; actions?: ReactNode }) {
  return (
    <Group justify="space-between" align="flex-start" mb="md">
      <div style={{ flex: '1 1 360px', minWidth: 0 }}>
        <Title order={1} size="h3">
          {title}
        </Title>
        {about}
      </div>
      <Group gap="xs">{actions}</Group>
    </Group>
  );
}

/** One number with its name. */
export function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="panel figure">
      <div className="figure-value">{children}</div>
      <div>{name}</div>
    </div>
  );
}
