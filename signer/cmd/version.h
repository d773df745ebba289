/*
 * version - which postseal this is, and what it found on this machine.
 */
#ifndef SIGNER_CMD_VERSION_H
#define SIGNER_CMD_VERSION_H

/* On stdout. Gives an exit code. */
int version_print(void);

#endif
