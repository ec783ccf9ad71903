using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace T5GemmaSharp.Tests.Checkpoints.Hub;

/// <summary>A hub on this machine, which can be told to misbehave. Files named *.safetensors are in LFS.</summary>
internal sealed class LoopbackHub : IDisposable
{
    public const string Repository = "owner/name";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private const int LongestHead = 1 << 16;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Func<HubExchange, Task>>> _scripts = new();

    public LoopbackHub()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public ConcurrentQueue<HubExchange> Requests { get; } = [];

    /// <summary>The requests for the contents of files.</summary>
    public IEnumerable<HubExchange> FileRequests => Requests.Where(request => request.Target.Contains("/resolve/", StringComparison.Ordinal));

    public Dictionary<string, byte[]> Files { get; } = new()
    {
        ["README.md"] = Bytes(50, 1),
        ["config.json"] = Bytes(300, 2),
        ["model.safetensors"] = Bytes(100_000, 3),
        ["original/params.json"] = Bytes(0, 4),
    };

    public static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Has the next requests whose path ends so answered otherwise, each once and in this order.</summary>
    public void Script(string pathEnd, params IEnumerable<Func<HubExchange, Task>> answers)
    {
        var queue = _scripts.GetOrAdd(pathEnd, _ => []);
        foreach (var answer in answers)
            queue.Enqueue(answer);
    }

    /// <summary>What a hub that behaves sends.</summary>
    public async Task AnswerAsync(HubExchange exchange)
    {
        var path = Path(exchange);
        if (path.StartsWith("/api/", StringComparison.Ordinal))
        {
            await exchange.SendAsync("200 OK", Listing(), "Content-Type: application/json");
            return;
        }

        var name = Uri.UnescapeDataString(path[(path.IndexOf(Commit, StringComparison.Ordinal) + Commit.Length + 1)..]);
        var bytes = Files[name];
        var tag = $"ETag: \"{(IsLfs(name) ? Sha256(bytes) : GitSha1(bytes))}\"";
        if (exchange.RangeStart is { } start)
            await exchange.SendAsync("206 Partial Content", bytes[start..], tag, $"Content-Range: bytes {start}-{bytes.Length - 1}/{bytes.Length}");
        else
            await exchange.SendAsync("200 OK", bytes, tag);
    }

    public void Dispose() => _listener.Dispose();

    public byte[] Listing(Func<string, long, long>? size = null) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        sha = Commit,
        siblings = Files.Select(pair => new
        {
            rfilename = pair.Key,
            size = size?.Invoke(pair.Key, pair.Value.Length) ?? pair.Value.Length,
            blobId = GitSha1(IsLfs(pair.Key) ? [0] : pair.Value),
            lfs = IsLfs(pair.Key) ? new { sha256 = Sha256(pair.Value), size = size?.Invoke(pair.Key, pair.Value.Length) ?? pair.Value.Length, pointerSize = 134 } : null,
        }),
    });

    private static bool IsLfs(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal);

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string GitSha1(byte[] bytes) => Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.SHA1, [.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));

    private static string Path(HubExchange exchange) => exchange.Target.Split('?')[0];

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var exchange = await ReadAsync(stream);
                Requests.Enqueue(exchange);
                var script = _scripts.FirstOrDefault(pair => Path(exchange).EndsWith(pair.Key, StringComparison.Ordinal) && !pair.Value.IsEmpty).Value;
                await (script is not null && script.TryDequeue(out var answer) ? answer(exchange) : AnswerAsync(exchange));
                client.Client.Shutdown(SocketShutdown.Send); // all that was written arrives before the end
            }
            catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
            {
                // the other side has left, as cancelled downloads do
            }
        }
    }

    private static async Task<HubExchange> ReadAsync(NetworkStream stream)
    {
        var head = new byte[LongestHead];
        var length = 0;
        while (head.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var count = await stream.ReadAsync(head.AsMemory(length));
            if (count == 0)
                throw new IOException("the request broke off");
            length += count;
        }

        var lines = Encoding.ASCII.GetString(head, 0, length).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0].ToLowerInvariant(), pair => pair[1]);
        return new HubExchange(lines[0].Split(' ')[1], headers, stream);
    }
}
