#pragma once

/* How long the engine's own parts take, in milliseconds of virtual time. */

#define TASK_ALLOCATE_MS    5
#define TASK_SCHEDULE_MS    50 /* the scheduler gathers what comes in so short a time */
#define TASK_ACCEPT_MS      20
#define TASK_PREPARE_MS     80  /* the image is there already */
#define TASK_ATTACH_LOOK_MS 500 /* a node without its endpoint looks again */
#define TASK_ATTACH_MAX_MS  30000
#define TASK_UNBIND_MS      2000 /* between taking the names away and SIGTERM */
#define TASK_STOP_IDLE_MS   50   /* a container that was not started */
#define TASK_REAP_MS        250  /* the reaper gathers for so long */

/* Where a spec does not say it. */
#define TASK_STOP_GRACE_MS 10000
#define UPDATE_MONITOR_MS  5000

#define UPDATE_OLD_TASK_MAX_MS 60000 /* how long stop-first waits for the old task */

#define NODE_ORPHAN_MS (24LL * 3600 * 1000)

#define MODEL_START_MS 700
#define MODEL_STOP_MS  200

#define ATTACH_MAX_MS 20000 /* how long connecting a container waits for its address */
