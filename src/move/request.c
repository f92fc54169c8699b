#include "move/plan.h"
#include "json/json.h"
#include "json/write.h"

/*
 * A network's creation request out of its inspect. Derived values are left out, so that the engine derives
 * them anew: the VXLAN number, and a gateway that is the subnet's first address. Another gateway was
 * somebody's choice: it keeps its distance from the subnet's start.
 */

#define VXLAN_OPTION "com.docker.network.driver.overlay.vxlanid_list"

typedef const struct json_document *document_t;
typedef struct json_writer *writer_t;

static void copy_member(writer_t w, document_t d, json_node object, const char *key)
{
        json_node value = json_get(d, object, key);

        if (value == JSON_NONE || json_type(d, value) == JSON_NULL)
                return;
        json_write_key(w, key);
        json_write_raw(w, json_bytes(d, value), json_length(d, value));
}

static void write_options(writer_t w, document_t d, json_node options)
{
        json_write_key(w, "Options");
        json_write_object(w);
        json_for_each (option, d, options) {
                _cleanup_free_ char *key = json_key(d, option);
                if (!key || text_equal(key, VXLAN_OPTION))
                        continue;
                json_write_key(w, key);
                json_write_raw(w, json_bytes(d, option), json_length(d, option));
        }
        json_write_object_end(w);
}

static void write_gateway(writer_t w, const char *gateway, struct prefix old, struct prefix new)
{
        uint32_t address;
        char text[ADDRESS_TEXT_SIZE];

        if (!address_parse(gateway, &address) || address == old.address + 1)
                return;
        address_format(new.address + (address - old.address), text);
        if (prefix_contains(new, new.address + (address - old.address)))
                json_write_member_text(w, "Gateway", text);
}

static int write_ipam(writer_t w, document_t d, json_node root, const char *subnet, struct error *error)
{
        json_node ipam = json_get(d, root, "IPAM");
        json_node config = json_first(d, json_get(d, ipam, "Config"));
        _cleanup_free_ char *old_text = json_text(d, json_get(d, config, "Subnet"));
        _cleanup_free_ char *gateway = json_text(d, json_get(d, config, "Gateway"));
        struct prefix old;
        struct prefix new;

        if (!prefix_told(old_text, &old) || !prefix_told(subnet ? subnet : old_text, &new))
                return error_set(error, ERROR_PROTOCOL, "the engine tells no subnet of the network");
        json_write_key(w, "IPAM");
        json_write_object(w);
        copy_member(w, d, ipam, "Driver");
        copy_member(w, d, ipam, "Options");
        json_write_key(w, "Config");
        json_write_array(w);
        json_write_object(w);
        json_write_member_text(w, "Subnet", subnet ? subnet : old_text);
        write_gateway(w, gateway, old, new);
        json_write_object_end(w);
        json_write_array_end(w);
        json_write_object_end(w);
        return 0;
}

int request_of_network(const struct buffer *inspect, const struct request_change *change, char **ret_request,
                       struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_buffer_ struct buffer out = {0};
        struct json_writer writer = {.out = &out};
        writer_t w = &writer;

        if (json_parse(buffer_text(inspect), inspect->length, &d, error) < 0)
                return -1;
        json_node root = json_root(d);
        _cleanup_free_ char *name = json_text(d, json_get(d, root, "Name"));
        json_write_object(w);
        json_write_member_text(w, "Name", change->name ? change->name : name);
        json_write_member_bool(w, "CheckDuplicate", true);
        copy_member(w, d, root, "Driver");
        copy_member(w, d, root, "Scope");
        copy_member(w, d, root, "Internal");
        copy_member(w, d, root, "Attachable");
        copy_member(w, d, root, "EnableIPv6");
        if (write_ipam(w, d, root, change->subnet, error) < 0)
                return -1;
        write_options(w, d, json_get(d, root, "Options"));
        if (change->labels) {
                json_write_key(w, "Labels");
                json_write_raw(w, change->labels, strlen(change->labels));
        } else {
                copy_member(w, d, root, "Labels");
        }
        json_write_object_end(w);
        *ret_request = buffer_steal(&out);
        return 0;
}
