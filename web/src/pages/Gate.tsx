import { Center, Container } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useLocation } from '@tanstack/react-router';
import { sessionQuery } from '../api/session.ts';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { SignIn } from './SignIn.tsx';

/** Nobody passes without a session, but by the link of the first run. */
export function Gate() {
  const first = useLocation().pathname.startsWith('/first/');
  const { data, error } = useQuery({ ...sessionQuery, enabled: !first });
  if (first) return <Outlet />;
  if (error !== null && data === undefined)
    return (
      <Center mih="80vh">
        <ProblemAlert error={error} />
      </Center>
    );
  if (data === undefined)
    return (
      <Container size="xs" pt="20vh">
        <Waiting />
      </Container>
    );
  return data === null ? <SignIn /> : <Outlet />;
}
