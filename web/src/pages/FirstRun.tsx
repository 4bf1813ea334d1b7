import { Button, PasswordInput, Text, TextInput } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/client.ts';
import { useSessionActions } from '../api/session.ts';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { DoorForm } from './SignIn.tsx';

/**
 * The link of the first run. The demo's signs in at once; any other makes the first administrator, so that the server
 * asks for a password and this page for both.
 */
export function FirstRun() {
  const { token } = useParams({ from: '/first/$token' });
  const navigate = useNavigate();
  const { first } = useSessionActions();
  const [asks, setAsks] = useState(false);
  const [login, setLogin] = useState('admin');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const tried = useRef(false);
  const use = async (given?: { login: string; password: string }): Promise<void> => {
    try {
      await first(token, given?.login, given?.password);
      await navigate({ to: '/', replace: true });
    } catch (thrown) {
      const used = thrown instanceof ApiError && thrown.problem.status === 401;
      if (given !== undefined || used) setError(thrown);
      if (!used) setAsks(true);
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a link is used once
  useEffect(() => {
    if (tried.current) return;
    tried.current = true;
    void use();
  }, []);
  if (!asks)
    return (
      <DoorForm title="Signing in" onSubmit={() => {}}>
        <ProblemAlert error={error} />
        {error !== undefined && (
          <Button onClick={() => void navigate({ to: '/', replace: true })}>To the sign-in</Button>
        )}
      </DoorForm>
    );
  return (
    <DoorForm title="The first administrator" onSubmit={() => void use({ login, password })}>
      <Text size="sm">Nobody can sign in yet. Choose a login and a password for the first administrator.</Text>
      <TextInput
        label="Login"
        required
        autoComplete="username"
        value={login}
        onChange={(event) => setLogin(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        description="At least 12 characters; a few words are easiest."
        required
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
      />
      <ProblemAlert error={error} />
      <Button type="submit">Begin</Button>
    </DoorForm>
  );
}
