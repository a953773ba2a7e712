# shellcheck shell=bash
# Jars from the Maven repository: by mvn where it is, else by the Ivy inside pyspark. Both read the same pom.

# Quiet when it is missing: it is a fallback.
_ivy_jar() {
    local jar
    for jar in "$REPO"/.venv/lib/python3*/site-packages/pyspark/jars/ivy-*.jar; do
        if [[ -f $jar ]]; then echo "$jar" && return 0; fi
    done
    python3 -c 'import glob, pyspark; print(glob.glob(pyspark.__path__[0] + "/jars/ivy-*.jar")[0])' 2>/dev/null
}

# The two see the variables of jars_from_registry.
_by_mvn() {
    command -v mvn >/dev/null || return 1
    step "resolving ${template##*/} with mvn" \
        mvn -B -f "$pom" dependency:copy-dependencies -DoutputDirectory="$dir" -DincludeScope=runtime \
        ${alone:+-DexcludeTransitive=true}
}

_by_ivy() {
    local ivy
    ivy=$(_ivy_jar) || return 1
    # mvn may have left some, and picks other versions of a few: two of one library must not lie side by side.
    rm -f "$dir"/*.jar
    step "resolving ${template##*/} with Ivy (a minute or two)" \
        "$JAVA" -jar "$ivy" -cache "$work/ivy" -m2compatible -ivy "$pom" -confs default \
        ${alone:+-notransitive} -retrieve "$dir/[artifact]-[revision](-[classifier]).[ext]"
}

# jars_from_registry POM DIR [not-transitive]: POM is a template of this folder with @NAME@ where a version goes.
jars_from_registry() {
    local template=$1 dir=$2 alone=${3:-} pom name work=$2/.resolving
    mkdir -p "$work"
    # Ivy takes a file for a Maven one by this ending of its name.
    pom=$work/${template##*/}
    cp "$template" "$pom"
    for name in $(grep -oE '@[A-Z0-9_]+@' "$template" | tr -d @ | sort -u); do
        sed -i "s/@$name@/${!name}/g" "$pom"
    done
    if ! _by_mvn && ! _by_ivy; then
        say "  jars need mvn on PATH, or pyspark in $REPO/.venv (it carries Ivy), and the Maven repository in reach"
        return 1
    fi
    rm -rf "$work"
}
