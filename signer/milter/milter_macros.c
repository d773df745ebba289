#include "signer/milter/milter_macros.h"

#include "signer/milter/milter_packet.h"

void milter_macros_deinit(struct milter_macros *macros)
{
	for (unsigned step = 0; step < MILTER_STEPS; step++)
		buffer_deinit(&macros->texts[step]);
}

int milter_macros_set(struct milter_macros *macros, enum milter_step step, struct bytes data)
{
	buffer_clear(&macros->texts[step]);
	return buffer_append(&macros->texts[step], data);
}

void milter_macros_clear_from(struct milter_macros *macros, enum milter_step step)
{
	for (unsigned i = step; i < MILTER_STEPS; i++)
		buffer_clear(&macros->texts[i]);
}

static struct bytes without_braces(struct bytes name)
{
	if (name.size >= 2 && name.data[0] == '{' && name.data[name.size - 1] == '}')
		return bytes_slice(name, 1, name.size - 1);
	return name;
}

bool milter_macros_get(const struct milter_macros *macros, struct bytes name,
		       struct bytes *value_out)
{
	name = without_braces(name);
	for (unsigned step = MILTER_STEPS; step-- > 0;) {
		struct bytes rest = buffer_bytes(&macros->texts[step]);
		struct bytes known;
		struct bytes value;

		while (milter_take_string(&rest, &known) && milter_take_string(&rest, &value)) {
			if (bytes_equal(without_braces(known), name)) {
				*value_out = value;
				return true;
			}
		}
	}
	return false;
}
