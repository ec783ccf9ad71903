using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Hosting;

/// <summary><c>scripts/serve.cs</c> as a process of its own, on a free port of this machine.</summary>
internal sealed partial class ServeProcess : IDisposable
{
    private const string Script = "scripts/serve.cs";
    private const string Listening = "Now listening on: ";
    private const int Terminate = 15;

    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);
    private static readonly Lazy<string> Program = new(Build);

    private readonly Process _process;

    private ServeProcess(Process process, Uri address)
    {
        (_process, Output) = (process, process.StandardOutput.ReadToEndAsync(CancellationToken.None)); // a full pipe would hold it up
        Client = new HttpClient { BaseAddress = address, Timeout = StartLimit };
    }

    public HttpClient Client { get; }

    /// <summary>What it has written since it listens, when it has ended.</summary>
    public Task<string> Output { get; }

    /// <summary>Starts it and waits until the model is loaded.</summary>
    /// <param name="options">Options of its command line, beyond the address.</param>
    public static async Task<ServeProcess> StartAsync(params string[] options)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", [Program.Value, "--urls", "http://127.0.0.1:0", "--T5Gemma:Device", "cpu", .. options]) { RedirectStandardOutput = true, RedirectStandardError = true })!; // a program was started
        try
        {
            var service = await ListeningAsync(process);
            using var limit = new CancellationTokenSource(StartLimit);
            while ((await service.Client.GetAsync("/health/ready", limit.Token)).StatusCode != HttpStatusCode.OK)
                await Task.Delay(50, limit.Token);
            return service;
        }
        catch
        {
            process.Kill(); // it would outlive the tests
            throw;
        }
    }

    public async Task<JsonElement> PostAsync(string path, object body)
    {
        using var response = await Client.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), text);
        return JsonElement.Parse(text);
    }

    /// <summary>Status and <c>error</c> of a refusal.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Error)> RefusalAsync(string path, HttpContent body)
    {
        using var response = await Client.PostAsync(path, body);
        return (response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("error"));
    }

    /// <summary>The value of a gauge or a counter.</summary>
    public async Task<double?> MetricAsync(string name)
    {
        var line = (await Client.GetStringAsync("/metrics")).Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? null : double.Parse(line[line.LastIndexOf(' ')..]);
    }

    /// <summary>Asks it to end, as service managers do.</summary>
    public void Stop() => Assert.That(Kill(_process.Id, Terminate), Is.Zero);

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task<ServeProcess> ListeningAsync(Process process)
    {
        var log = new List<string>();
        process.ErrorDataReceived += (_, line) => log.Add(line.Data ?? "");
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(StartLimit);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            log.Add(line);
            if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var start)
                return new ServeProcess(process, new Uri(line[(start + Listening.Length)..]));
        }

        throw new InvalidOperationException(string.Join('\n', log));
    }

    private static string Build()
    {
        var start = new ProcessStartInfo("dotnet", ["build", "-c", SourceTree.Configuration, Path.Combine(SourceTree.Root(), Script), "-getTargetResult:GetTargetPath", "-t:Build;GetTargetPath"]) { RedirectStandardOutput = true };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1"; // servers of the build would keep the pipe open
        using var build = Process.Start(start)!; // a program was started
        var output = build.StandardOutput.ReadToEndAsync();
        if (!output.Wait(BuildLimit))
            build.Kill(entireProcessTree: true);
        build.WaitForExit();
        Assert.That(build.ExitCode, Is.Zero, output.Result);
        return JsonElement.Parse(output.Result).GetProperty("TargetResults").GetProperty("GetTargetPath").GetProperty("Items")[0].GetProperty("FullPath").GetString()!; // a path
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
