@echo off
rem gpustream on Windows: finds Docker Desktop and runs ./start.sh in a container beside it. All the rest is start.sh's.
setlocal
cd /d "%~dp0"

set "DOCKER="
for %%D in (docker.exe) do set "DOCKER=%%~$PATH:D"
if not defined DOCKER if exist "%ProgramFiles%\Docker\Docker\resources\bin\docker.exe" set "DOCKER=%ProgramFiles%\Docker\Docker\resources\bin\docker.exe"
if not defined DOCKER (
    echo FAIL  Docker; found: no docker.exe; expected: Docker Desktop; do: install it, https://docs.docker.com/desktop
    exit /b 1
)
"%DOCKER%" info >nul 2>&1
if errorlevel 1 (
    echo FAIL  Docker's engine; found: no answer; expected: a running Docker Desktop; do: start it, then start.bat again
    exit /b 1
)
"%DOCKER%" build --quiet --tag gpustream/start:local scripts\windows >nul
if errorlevel 1 (
    echo FAIL  the image of start.sh; found: the error above; expected: a build; do: see whether Docker reaches its registry
    exit /b 1
)

rem What start.sh mounts must have the same name in its container and for the engine, which calls C:\x so:
for %%L in (a b c d e f g h i j k l m n o p q r s t u v w x y z) do if /i "%CD:~0,1%"=="%%L" set "DRIVE=%%L"
set "HERE=%CD:~2%"
set "HERE=/run/desktop/mnt/host/%DRIVE%%HERE:\=/%"

"%DOCKER%" run --rm --init --interactive --mount "type=bind,source=%CD%,target=%HERE%" --mount type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock --workdir "%HERE%" gpustream/start:local ./start.sh --docker %*
exit /b %ERRORLEVEL%
