/* In the place of Docker Desktop's docker.exe: appends its words to %CALLS%, one a line and an empty line after the last;
   ends with 7 where its first word is %FAILS%, else with 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **words) {
    const char *fails = getenv("FAILS");
    FILE *calls = fopen(getenv("CALLS"), "ab");
    if (calls == NULL) {
        return 99;
    }
    for (int i = 1; i < count; i++) {
        fprintf(calls, "%s\n", words[i]);
    }
    fprintf(calls, "\n");
    fclose(calls);
    return fails != NULL && count > 1 && strcmp(words[1], fails) == 0 ? 7 : 0;
}
