import { Alert, List, Text } from '@mantine/core';
import { ApiError } from '../api/client.ts';

/** What went wrong and what to do, as the server said it. */
export function ProblemAlert({ error }: { error: unknown }) {
  if (error === null || error === undefined) return null;
  const problem =
    error instanceof ApiError
      ? error.problem
      : {
          title: 'Something failed in this page',
          detail: error instanceof Error ? error.message : String(error),
          fix: undefined,
        };
  const { title, detail, fix } = problem;
  const { errors, code, request_id } = 'status' in problem ? problem : {};
  return (
    <Alert color="red" variant="outline" title={title} role="alert">
      {detail !== title && <Text size="sm">{detail}</Text>}
      {errors !== undefined && errors.length > 0 && (
        <List size="sm">
          {errors.map(({ path, message }) => (
            <List.Item key={`${path}${message}`}>
              <span className="mono">{path}</span>: {message}
            </List.Item>
          ))}
        </List>
      )}
      {fix !== undefined && (
        <Text size="sm">
          <strong>What to do:</strong> {fix}
        </Text>
      )}
      {code !== undefined && (
        <Text size="xs" c="dimmed" className="mono">
          {code} {request_id}
        </Text>
      )}
    </Alert>
  );
}
