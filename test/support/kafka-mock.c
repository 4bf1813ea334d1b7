/*
 * One broker of librdkafka's mock cluster: Kafka's wire protocol over a socket, records in memory. Prints host:port, then
 * obeys lines on standard input, each answered by "ok":
 *   topic NAME PARTITIONS | error CODE COUNT | late MS COUNT (both of the next Produce requests) | clear | down | up
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>

#define PRODUCE 0

int main(void) {
  char text[512], name[256], line[300];
  int a, b;
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
  if (client == NULL) return 1;
  rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(client, 1);
  printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "topic %255s %d", name, &a) == 2)
      rd_kafka_mock_topic_create(cluster, name, a, 1);
    else if (sscanf(line, "error %d %d", &a, &b) == 2)
      for (; b > 0; b--) rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, a);
    else if (strncmp(line, "clear", 5) == 0)
      rd_kafka_mock_clear_request_errors(cluster, PRODUCE);
    else if (strncmp(line, "down", 4) == 0)
      rd_kafka_mock_broker_set_down(cluster, 1);
    else if (strncmp(line, "up", 2) == 0)
      rd_kafka_mock_broker_set_up(cluster, 1);
    else if (sscanf(line, "late %d %d", &a, &b) == 2)
      for (; b > 0; b--) rd_kafka_mock_broker_push_request_error_rtts(cluster, 1, PRODUCE, 1, 0, a);
    else
      return 2;
    printf("ok\n");
    fflush(stdout);
  }
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(client);
  return 0;
}
