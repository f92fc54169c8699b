#pragma once

/*
 * A swarm in a few words, in the engine's own shapes: written as a snapshot and read as one, so that a test
 * of what is reasoned about a swarm goes through what reads it. Three managers n1 to n3, n1 the local one;
 * the survey was taken at 12:00:00, and times are of that day. Objects have the ID "id-NAME". A snippet of
 * further members, with ' for ", comes after the usual ones and so replaces what it names again.
 */

#include "base/file.h"
#include "base/text.h"
#include "swarm/swarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define FIXTURE_DAY "2026-03-01T"

struct fixture {
        struct buffer networks;
        struct buffer services;
        struct buffer tasks;
        size_t task_count;
};

static _printf_(2, 3) void fixture_add(struct buffer *list, const char *format, ...)
{
        char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        assert_true(vasprintf(&text, format, arguments) >= 0);
        va_end(arguments);
        for (char *p = text; *p; p++)
                *p = *p == '\'' ? '"' : *p;
        buffer_add_text(list, list->length ? "," : "");
        buffer_add_text(list, text);
        free(text);
}

static _unused_ void fixture_network(struct fixture *fixture, const char *name, const char *subnet,
                                     const char *gateway, const char *more)
{
        fixture_add(&fixture->networks,
                    "{'Id':'id-%s','Name':'%s','Driver':'overlay','Scope':'swarm','Created':'" FIXTURE_DAY
                    "08:00:00Z','Attachable':true,'IPAM':{'Config':[{'Subnet':'%s','Gateway':'%s'}]}%s%s}",
                    name, name, subnet, gateway, *more ? "," : "", more);
}

/* The VIP, when there is one, is on the first network. */
static _unused_ void fixture_service(struct fixture *fixture, const char *name, const char *created,
                                     const char *net, const char *vip, const char *other_net)
{
        _cleanup_free_ char *other =
                *other_net ? text_format(",{'Target':'id-%s'}", other_net) : text_copy("");
        _cleanup_free_ char *vips =
                *vip ? text_format("{'NetworkID':'id-%s','Addr':'%s'}", net, vip) : text_copy("");

        fixture_add(
                &fixture->services,
                "{'ID':'id-%s','CreatedAt':'" FIXTURE_DAY "%sZ','Version':{'Index':7},'Spec':{'Name':'%s',"
                "'Mode':{'Replicated':{'Replicas':1}},'TaskTemplate':{'Networks':[{'Target':'id-%s'}%s]}},"
                "'Endpoint':{'VirtualIPs':[%s]}}",
                name, created, name, net, other, vips);
}

/* A task of a service; without an address it has been given none yet. */
static _unused_ void fixture_task(struct fixture *fixture, const char *service, const char *created,
                                  const char *state, const char *node, const char *net, const char *address)
{
        _cleanup_free_ char *on =
                *address ? text_format("{'Network':{'ID':'id-%s'},'Addresses':['%s']}", net, address)
                         : text_copy("");

        fixture->task_count++;
        fixture_add(&fixture->tasks,
                    "{'ID':'task%zu','ServiceID':'id-%s','Slot':1,'NodeID':'%s','CreatedAt':'" FIXTURE_DAY
                    "%sZ','DesiredState':'running','Status':{'State':'%s'},'NetworksAttachments':[%s]}",
                    fixture->task_count, service, node, created, state, on);
}

static char *fixture_text(const struct fixture *fixture)
{
        struct buffer out = {0};

        fixture_add(&out, "{'HeadroomSnapshot':1,'Info':{'ServerVersion':'20.10.24','Name':'n1','SystemTime':"
                          "'" FIXTURE_DAY
                          "12:00:00Z','Swarm':{'NodeID':'n1','Cluster':{'ID':'cluster','SubnetSize':24,"
                          "'DefaultAddrPool':['10.0.0.0/8']}}},'Nodes':[");
        for (int i = 1; i <= 3; i++) {
                _cleanup_free_ char *node = text_format(
                        "%s{\"ID\":\"n%d\",\"Description\":{\"Hostname\":\"n%d\"},\"Spec\":{\"Role\":"
                        "\"manager\"},\"Status\":{\"State\":\"ready\"}}",
                        i > 1 ? "," : "", i, i);
                buffer_add_text(&out, node);
        }
        buffer_add_text(&out, "],\"Networks\":[");
        buffer_add_text(&out, buffer_text(&fixture->networks));
        buffer_add_text(&out, "],\"Services\":[");
        buffer_add_text(&out, buffer_text(&fixture->services));
        buffer_add_text(&out, "],\"Tasks\":[");
        buffer_add_text(&out, buffer_text(&fixture->tasks));
        buffer_add_text(&out, "]}\n");
        return buffer_steal(&out);
}

static _unused_ void fixture_done(struct fixture *fixture)
{
        buffer_done(&fixture->networks);
        buffer_done(&fixture->services);
        buffer_done(&fixture->tasks);
        *fixture = (struct fixture){0};
}
#define _cleanup_fixture_ _cleanup_(fixture_done)

/* Reads a text as a snapshot; the sentence of an error is the caller's. */
static _unused_ int fixture_read_text(const char *text, struct swarm *ret_swarm, struct error *error)
{
        char path[] = "/tmp/headroom-fixture-XXXXXX";
        int fd = mkstemp(path);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
        int result = snapshot_read(path, ret_swarm, error);
        unlink(path);
        return result;
}

static _unused_ void fixture_read(const struct fixture *fixture, struct swarm *ret_swarm)
{
        _cleanup_free_ char *text = fixture_text(fixture);
        _cleanup_error_ struct error error = {0};

        if (fixture_read_text(text, ret_swarm, &error) < 0)
                fail_msg("%s", error.sentence);
}
