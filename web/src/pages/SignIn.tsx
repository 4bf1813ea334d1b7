import { Button, Container, PasswordInput, Stack, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useSessionActions, waysQuery } from '../api/session.ts';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';

/** A page with one small form, before anybody is signed in. */
export function DoorForm({ title, children, onSubmit }: { title: string; children: ReactNode; onSubmit: () => void }) {
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Container size={420} pt="14vh" component="main">
      <form onSubmit={submit} className="panel">
        <Stack>
          <Title order={1} size="h3">
            {title}
          </Title>
          {children}
        </Stack>
      </form>
    </Container>
  );
}

export function SignIn() {
  const { signIn } = useSessionActions();
  const oidc = useQuery(waysQuery).data?.oidc;
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    await signIn(login, password).catch(setError);
    setBusy(false);
  };
  return (
    <DoorForm title="Sign in to Quarry" onSubmit={() => void submit()}>
      <TextInput
        label="Login"
        required
        autoComplete="username"
        value={login}
        onChange={(event) => setLogin(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        required
        autoComplete="current-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
      />
      <ProblemAlert error={error} />
      <Button type="submit" loading={busy}>
        Sign in
      </Button>
      {oidc !== null && oidc !== undefined && <a href="/api/v1/session/oidc/start">Sign in with {oidc.title}</a>}
    </DoorForm>
  );
}
