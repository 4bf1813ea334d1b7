import '@mantine/core/styles.css';
import './page.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client.ts';
import { sessionQuery } from './api/session.ts';
import { router } from './router.tsx';
import { cssVariables, theme } from './theme.ts';

const client: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server refused it refuses again; only what did not come through is tried twice.
      retry: (failures, error) =>
        failures < 1 && !(error instanceof ApiError && error.problem.status >= 400 && error.problem.status < 500),
      refetchOnWindowFocus: false,
    },
  },
});
// A session that has ended shows the sign-in, whatever asked.
client.getQueryCache().subscribe(({ query }) => {
  const { error } = query.state;
  if (error instanceof ApiError && error.problem.status === 401 && query.queryKey[0] !== 'session')
    client.setQueryData(sessionQuery.queryKey, null);
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
