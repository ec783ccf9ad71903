using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace T5GemmaSharp.Tests.Checkpoints.Hub;

/// <summary>One request to a <see cref="LoopbackHub"/>, and the raw connection for the answer.</summary>
internal sealed class HubExchange(string target, IReadOnlyDictionary<string, string> headers, NetworkStream stream)
{
    /// <summary>Path and query as they came.</summary>
    public string Target { get; } = target;

    public string? Token => headers.GetValueOrDefault("authorization");

    /// <summary>The first byte asked for; null: no range was asked for.</summary>
    public int? RangeStart => headers.GetValueOrDefault("range") is { } range ? int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture) : null;

    /// <summary>Sends a whole answer whose length is that of its body.</summary>
    public Task SendAsync(string status, byte[] body, params string[] lines) => SendRawAsync(status, body, [$"Content-Length: {body.Length}", .. lines]);

    /// <summary>Sends an answer with these headers only, and whatever body.</summary>
    public async Task SendRawAsync(string status, ReadOnlyMemory<byte> body, params string[] lines)
    {
        var head = string.Concat(lines.Prepend($"HTTP/1.1 {status}").Append("Connection: close").Append("").Select(line => line + "\r\n"));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(body);
    }

    public Task SendMoreAsync(ReadOnlyMemory<byte> body) => stream.WriteAsync(body).AsTask();
}
