#include "signer/message/message_tools.h"

int message_tools_init(struct message_tools *tools, struct sign_client *client)
{
	int r;

	*tools = (struct message_tools){.client = client, .keys_since_ns = KEY_STORE_ASK};
	r = signing_plan_new(&tools->plan);
	if (r == 0)
		r = header_hash_init(&tools->header_hash);
	if (r != 0)
		message_tools_deinit(tools);
	return r;
}

void message_tools_deinit(struct message_tools *tools)
{
	signing_plan_free(tools->plan);
	address_deinit(&tools->address);
	buffer_deinit(&tools->domain);
	name_list_deinit(&tools->names);
	header_hash_deinit(&tools->header_hash);
	dkim_signature_deinit(&tools->signature);
	*tools = (struct message_tools){0};
}
