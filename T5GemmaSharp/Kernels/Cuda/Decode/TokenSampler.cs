using System.Globalization;
using System.Runtime.InteropServices;
using T5GemmaSharp.Interop.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>Draws the tokens of all rows on the device, with temperature, top-k, top-p and min-p, and keeps their log-probabilities.</summary>
/// <remarks>HF: <c>TemperatureLogitsWarper</c>, <c>TopKLogitsWarper</c>, <c>TopPLogitsWarper</c>, <c>MinPLogitsWarper</c>, in this order.</remarks>
internal sealed class TokenSampler : IDisposable
{
    private const int Threads = 1024;

    private static readonly LoadedKernels<CudaKernel> Loaded = new();

    private readonly CudaKernel _kernel;
    private readonly DeviceArray _settings;
    private readonly int _rows;

    /// <summary>Takes the settings to the device.</summary>
    /// <param name="settings">Of every row.</param>
    /// <param name="vocabulary">Tokens to draw from.</param>
    /// <param name="device">The device, which is current on this thread.</param>
    /// <exception cref="CudaException">The kernel cannot be compiled or loaded.</exception>
    public TokenSampler(ReadOnlySpan<DrawSettings> settings, long vocabulary, Device device)
    {
        using var scope = NewDisposeScope();
        _rows = settings.Length;
        var constants = new Dictionary<string, string> { ["V"] = vocabulary.ToString(CultureInfo.InvariantCulture) };
        _kernel = Loaded.For(constants, device.index, () => KernelCompiler.Load("sampling.cu", constants).Kernel("draw_tokens"));
        _settings = new DeviceArray(torch.tensor(MemoryMarshal.Cast<DrawSettings, long>(settings).ToArray(), dtype: ScalarType.Int64, device: device));
    }

    /// <summary>Marks each row's token where the head marks the best one.</summary>
    /// <param name="stream">Where.</param>
    /// <param name="arguments">All but the settings.</param>
    public void Launch(nint stream, DrawArguments arguments)
        => _kernel.Launch(stream, new LaunchShape(_rows, 1, Threads) { StartsEarly = true }, arguments with { Settings = _settings.Address });

    public void Dispose() => _settings.Dispose();
}
