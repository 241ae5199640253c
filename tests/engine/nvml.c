/* Two devices that stand in for NVIDIA's library, so that the real nvidia-ml-py talks to something.
 *
 * Device 0 knows everything. Device 1 knows neither its temperature nor its power, is throttled by
 * heat, and once the file named by FAKE_NVML_LOST exists it is lost, as after Xid 79. Types, names and
 * codes are those of NVIDIA's NVML API reference.
 */

#include <stdlib.h>
#include <unistd.h>

enum {
    SUCCESS = 0,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    GPU_IS_LOST = 15,
};

typedef struct { int index; } *device_t;
typedef struct { unsigned int gpu, memory; } utilization_t;
typedef struct { unsigned long long total, free, used; } memory_t;

static int zero = 0, one = 1;

static int ask(device_t device)
{
    const char *lost = getenv("FAKE_NVML_LOST");
    if (device->index == 1 && lost && access(lost, F_OK) == 0)
        return GPU_IS_LOST;
    return SUCCESS;
}

int nvmlInitWithFlags(unsigned int flags) { return flags ? INVALID_ARGUMENT : SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { return code == GPU_IS_LOST ? "GPU is lost" : "error"; }

int nvmlDeviceGetCount_v2(unsigned int *count)
{
    *count = 2;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, device_t *device)
{
    if (index > 1)
        return INVALID_ARGUMENT;
    *device = (device_t)(index ? &one : &zero);
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(device_t device, utilization_t *rates)
{
    rates->gpu = device->index ? 71 : 97;
    rates->memory = 40;
    return ask(device);
}

int nvmlDeviceGetMemoryInfo(device_t device, memory_t *memory)
{
    memory->total = 80000000000ULL;
    memory->used = device->index ? 12500000000ULL : 78000000000ULL;
    memory->free = memory->total - memory->used;
    return ask(device);
}

int nvmlDeviceGetTemperature(device_t device, unsigned int sensor, unsigned int *celsius)
{
    int code = ask(device);
    *celsius = 64;
    if (sensor != 0)
        return INVALID_ARGUMENT;
    return code == SUCCESS && device->index ? NOT_SUPPORTED : code;
}

int nvmlDeviceGetPowerUsage(device_t device, unsigned int *milliwatts)
{
    int code = ask(device);
    *milliwatts = 381500;
    return code == SUCCESS && device->index ? NOT_SUPPORTED : code;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(device_t device, unsigned long long *reasons)
{
    /* 0x1 idle and 0x4 the software's power cap are usual; 0x20 is the software's thermal slowdown. */
    *reasons = device->index ? 0x20 : 0x1 | 0x4;
    return ask(device);
}
